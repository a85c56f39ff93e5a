/*
 * The program: finds the subcommand in the tables of the capabilities and runs it. Everything else is theirs.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"
#include "crypto/crypto.h"
#include "web/capability.h"
#include "web/i18n.h"

#define MAX_SUBCOMMANDS 64

static const struct subcommand *all[MAX_SUBCOMMANDS];
static size_t nall;

static int by_name(const void *x, const void *y)
{
	return strcmp((*(const struct subcommand *const *)x)->name, (*(const struct subcommand *const *)y)->name);
}

static void collect(void)
{
	for (const struct capability *const *c = capabilities; *c; c++)
		for (const struct subcommand *s = (*c)->subcommands; s && s->name; s++) {
			if (nall == MAX_SUBCOMMANDS)
				BUG("more than %d subcommands", MAX_SUBCOMMANDS);
			all[nall++] = s;
		}
	qsort(all, nall, sizeof(*all), by_name);
}

static void help(void)
{
	printf("gongzhi 共治 %s\n\n用法 Usage: gongzhi 子命令 SUBCOMMAND [选项 options]\n\n", GONGZHI_VERSION);
	for (size_t i = 0; i < nall; i++) {
		const char *english = i18n_english(all[i]->about);

		printf("  %-16s  %s\n", all[i]->name, all[i]->about);
		if (english)
			printf("  %-16s  %s\n", "", english);
	}
	printf("\n每个子命令都有 --help；手册见 man gongzhi。\nEach subcommand has --help; see man gongzhi.\n");
}

/* Does the command line begin with the words of the name? Returns how many words there are, 0 when not. */
static int words_match(const char *name, int argc, char **argv)
{
	int words = 0;

	for (const char *p = name; *p;) {
		size_t n = strcspn(p, " ");

		if (words >= argc || strlen(argv[words]) != n || memcmp(argv[words], p, n) != 0)
			return 0;
		words++;
		p += n + (p[n] == ' ');
	}
	return words;
}

static int run(int argc, char **argv)
{
	const struct subcommand *best = NULL;
	int words = 0;

	for (size_t i = 0; i < nall; i++) {
		int n = words_match(all[i]->name, argc, argv);

		if (n > words) {
			words = n;
			best = all[i];
		}
	}
	if (best)
		return best->run(argc - words + 1, argv + words - 1);
	fprintf(stderr, "gongzhi: %s: 没有这个子命令，请看 gongzhi --help (no such subcommand, see gongzhi --help)\n", argv[0]);
	return 2;
}

int main(int argc, char **argv)
{
	const char *test_clock = getenv("GONGZHI_TEST_CLOCK");

	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	crypto_init();
	if (test_clock) {
		log_warn("the clock follows a file: for tests only file=%s", test_clock);
		clock_follow(test_clock);
	}
	collect();
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    (strcmp(argv[1], "help") == 0 && argc == 2)) {
		help();
		return argc < 2 ? 2 : 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("gongzhi %s\n", GONGZHI_VERSION);
		return 0;
	}
	if (strcmp(argv[1], "help") == 0) {
		char *words[8] = {0};
		int n = 0;

		for (int i = 2; i < argc && n < 6; i++)
			words[n++] = argv[i];
		words[n++] = "--help";
		return run(n, words);
	}
	return run(argc - 1, argv + 1);
}
