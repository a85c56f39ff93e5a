#include "cap/admin/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>

#include "base/utf8.h"
#include "web/cli_file.h"

extern char **environ;

#define SAID_MAX 65536  /* of what ogr2ogr says */
#define SHOWN_MAX 5     /* lines of it: behind the reason it lists all of its hundred formats */

struct run {
	struct cli *cli;
	struct str source;      /* as GDAL names it */
	const char *out, *said; /* files */
	bool degrees;           /* -t_srs: into longitude and latitude */
	const char *encoding;   /* of a Shapefile's texts: NULL as its .cpg says, "" as they are */
};

static bool ends(const char *file, const char *with)
{
	size_t n = strlen(file), m = strlen(with);

	return n >= m && strcasecmp(file + n - m, with) == 0;
}

bool foreign_is(const char *file)
{
	static const char *const kinds[] = {".shp", ".gpkg", ".kml", ".kmz", ".zip", ".tab", ".gml", ".gdb", ".dxf", ".fgb"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (ends(file, kinds[i]))
			return true;
	return false;
}

/* x.shp with another end, in small or capital letters. */
static bool beside(struct cli *cli, const char *file, const char *end)
{
	const char *small = arena_printf(&cli->arena, "%.*s%s", (int)(strlen(file) - 4), file, end).p;
	char *large = arena_strz(&cli->arena, str_from(small));

	for (char *p = large + strlen(file) - 4; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	return access(small, R_OK) == 0 || access(large, R_OK) == 0;
}

/* -1, or the exit status: a Shapefile is several files, and people send one of them. */
static int check_shapefile(struct cli *cli, const char *file)
{
	const char *missing = !beside(cli, file, ".shx") ? (!beside(cli, file, ".dbf") ? ".shx, .dbf" : ".shx") : !beside(cli, file, ".dbf") ? ".dbf" : NULL;

	if (missing)
		return cli_fail(arena_printf(&cli->arena, "%s: Shapefile 由几个同名文件组成，同一文件夹里还缺 %s：请把整套文件放在一起，或用打包好的 .zip"
					     " (a Shapefile is several files of one name; missing beside it: %s. Put all of them together, or give the .zip)",
					     file, missing, missing));
	if (!beside(cli, file, ".prj"))
		fprintf(stderr, "%s: 没有坐标系说明（.prj），按经纬度读；如果坐标是以米计的投影坐标，请向提供单位要 .prj"
				" (no .prj: read as longitude and latitude; if they are metres, ask whoever made it for the .prj)\n", file);
	return -1;
}

/* As GDAL names what is in an archive: a folder that was packed as a whole is not looked into by itself. */
static struct str inside(struct cli *cli, const char *file)
{
	zip_t *zip = zip_open(file, ZIP_RDONLY, NULL);
	zip_int64_t n = zip ? zip_get_num_entries(zip, 0) : 0;
	struct str found = arena_printf(&cli->arena, "/vsizip/%s", file);

	for (zip_int64_t i = 0; i < n; i++) {
		const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);

		if (name == NULL || strchr(name, '/') == NULL || !foreign_is(name) || ends(name, ".zip"))
			continue;
		found = arena_printf(&cli->arena, "/vsizip/%s/%s", file, name);
		break;
	}
	zip_discard(zip);
	return found;
}

static char *text(struct cli *cli, const char *s)
{
	return arena_strz(&cli->arena, str_from(s));
}

/* The exit status of ogr2ogr; 127: there is none; -1: it could not be started, or was killed. */
static int ogr2ogr(const struct run *r)
{
	posix_spawn_file_actions_t files;
	char *argv[20];
	int n = 0, status = -1, started;
	pid_t pid;

	argv[n++] = text(r->cli, "ogr2ogr");
	argv[n++] = text(r->cli, "-f");
	argv[n++] = text(r->cli, "GeoJSONSeq");
	if (r->degrees) {
		argv[n++] = text(r->cli, "-t_srs");
		argv[n++] = text(r->cli, "EPSG:4326");
	}
	if (r->encoding) {
		argv[n++] = text(r->cli, "-oo");
		argv[n++] = arena_strz(&r->cli->arena, arena_printf(&r->cli->arena, "ENCODING=%s", r->encoding));
	}
	/* names in an archive as they are, whatever Windows wrote them in: so have we read them */
	argv[n++] = text(r->cli, "--config");
	argv[n++] = text(r->cli, "CPL_ZIP_ENCODING");
	argv[n++] = text(r->cli, "UTF-8");
	argv[n++] = text(r->cli, "-skipfailures");
	argv[n++] = text(r->cli, r->out);
	argv[n++] = arena_strz(&r->cli->arena, r->source);
	argv[n] = NULL;
	unlink(r->out);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, r->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	started = posix_spawnp(&pid, "ogr2ogr", &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (started == ENOENT)
		return 127;
	if (started != 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static struct str said(const struct run *r)
{
	char *bytes = arena_alloc(&r->cli->arena, SAID_MAX);
	int fd = open(r->said, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, bytes, SAID_MAX) : 0;

	if (fd >= 0)
		close(fd);
	return (struct str){bytes, n > 0 ? (size_t)n : 0};
}

/* The reasons, without the list of formats. */
static void show(const struct run *r)
{
	struct str all = said(r), line;
	int shown = 0;

	while (shown < SHOWN_MAX && str_split(&all, '\n', &line)) {
		if (str_empty(str_trim(line)) || str_find(line, STR("->")) >= 0 || str_starts(line, "FAILURE") || str_find(line, STR("following drivers")) >= 0 ||
		    !utf8_valid(line))
			continue;
		fprintf(stderr, "  ogr2ogr: %.*s\n", STR_ARG(line));
		shown++;
	}
}

/* Of the whole file: what a text in another encoding makes of it is not UTF-8 somewhere. */
static bool is_utf8(const char *file)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool good = true;
	void *bytes;

	if (fd < 0)
		return true;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes != MAP_FAILED) {
			good = utf8_valid((struct str){bytes, (size_t)st.st_size});
			munmap(bytes, (size_t)st.st_size);
		}
	}
	close(fd);
	return good;
}

static int try(struct run *r)
{
	int status = ogr2ogr(r);

	if (r->degrees && str_find(said(r), STR("no\ncoordinate system")) >= 0) { /* then they can only be degrees already */
		r->degrees = false;
		status = ogr2ogr(r);
	}
	if (status == 0 && r->encoding && !is_utf8(r->out)) {
		r->encoding = "CP936";
		status = ogr2ogr(r);
	}
	return status;
}

int foreign_convert(struct cli *cli, const char *file, bool geodetic, const char **out)
{
	/* no file is an option of ogr2ogr */
	struct run r = {.cli = cli, .source = file[0] == '-' ? arena_printf(&cli->arena, "./%s", file) : str_from(file), .degrees = geodetic};
	bool shape = ends(file, ".shp"), packed = ends(file, ".zip");
	int status = -1;

	if (access(file, R_OK) != 0)
		return cli_fail_file(cli, file);
	if (shape)
		status = check_shapefile(cli, file);
	if (status >= 0)
		return status;
	if (packed)
		r.source = inside(cli, file);
	/* what nothing says the encoding of is UTF-8 or GBK; GDAL would take it for Latin letters */
	if (packed || (shape && !beside(cli, file, ".cpg")))
		r.encoding = "";
	r.out = *out = arena_printf(&cli->arena, "%s/boundaries-%ld.geojsonl", cli->config.var, (long)getpid()).p;
	r.said = arena_printf(&cli->arena, "%s/boundaries-%ld.txt", cli->config.var, (long)getpid()).p;
	status = try(&r);
	if (status != 0)
		show(&r);
	unlink(r.said);
	if (status == 0)
		return -1;
	unlink(r.out);
	if (status == 127)
		return cli_fail(arena_printf(&cli->arena, "%s: 这种文件要用 ogr2ogr 读，请先安装 gdal-bin（apt-get install gdal-bin），或自行转换成 GeoJSON"
					     " (reading it needs ogr2ogr: install gdal-bin, or convert it to GeoJSON yourself)", file));
	return cli_fail(arena_printf(&cli->arena, "%s: ogr2ogr 读不了这个文件：它坏了，或不是后缀所说的格式%s (ogr2ogr cannot read it: it is damaged, or not what its name"
				     " says%s)", file, packed ? "，或压缩包里没有图层" : "", packed ? ", or the archive holds no layer" : ""));
}
