/*
 * Files of areas in other formats (Shapefile, GeoPackage, KML ...), turned into GeoJSON by GDAL's ogr2ogr, when it is installed. What a clerk gets from a
 * district's surveyors is often half of what the format asks for, so it is told in his words: files that are missing beside a .shp, texts in GBK of which
 * nothing says so, coordinates of which nothing says what they are.
 */
#ifndef CAP_ADMIN_FOREIGN_H
#define CAP_ADMIN_FOREIGN_H

#include "web/cli.h"

/* Does GDAL have to read it? */
bool foreign_is(const char *file);
/*
 * Converts into a file in the data folder, which the caller removes. geodetic: of a datum that has a code, so that projected coordinates are turned into
 * degrees. Returns -1, or the exit status after telling why.
 */
int foreign_convert(struct cli *cli, const char *file, bool geodetic, const char **out);

#endif
