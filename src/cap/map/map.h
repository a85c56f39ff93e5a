/* map 地图: everything that happens, on one live map, and open to other programs (README.md). */
#ifndef CAP_MAP_MAP_H
#define CAP_MAP_MAP_H

#endif
