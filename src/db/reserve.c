#include "db/reserve.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE ((off_t)1 << 20)
#define SPARE 4 /* times as much must be free: the last room is not ours to take */

static bool name_of(char *to, size_t size, const char *file)
{
	int n = snprintf(to, size, "%s-reserve", file);

	return n > 0 && (size_t)n < size;
}

void db_reserve_keep(const char *file)
{
	char name[4096];
	struct stat st;
	struct statvfs fs;
	int fd;

	if (!name_of(name, sizeof(name), file) || (lstat(name, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size >= RESERVE)) ||
	    statvfs(file, &fs) != 0 || (unsigned long long)fs.f_bavail * fs.f_frsize < (unsigned long long)RESERVE * SPARE)
		return;
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE) != 0)
		unlink(name);
	close(fd);
}

bool db_reserve_release(const char *file)
{
	char name[4096];

	return name_of(name, sizeof(name), file) && unlink(name) == 0;
}
