/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver.c: runs a fuzz target over its corpus as a plain test.
 *
 * A target is t/fuzz/NAME.c with LLVMFuzzerTestOneInput. `make fuzz` links it
 * with libFuzzer; for `make check` it is linked with this main, which gives it
 * each file of t/fuzz/corpus/NAME (or the files and folders named as arguments)
 * and prints TAP. A target that finds a fault aborts. Each input is copied to
 * a block of exactly its size, so that VARIANT=asan sees a read past its end.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static void
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *data;
	size_t size;

	if (f == NULL || fstat(fileno(f), &st) == -1) {
		fail("%s: %s", path, strerror(errno));
		if (f != NULL)
			fclose(f);
		return;
	}
	size = (size_t)st.st_size;
	data = malloc(size > 0 ? size : 1);
	if (data == NULL || fread(data, 1, size, f) != size)
		fail("%s: short read", path);
	else
		ok_named(LLVMFuzzerTestOneInput(data, size) <= 0, "%s", path);
	free(data);
	fclose(f);
}

static int
is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void
run_path(const char *path)
{
	struct dirent **names;
	char file[1024];
	int i, n;

	n = scandir(path, &names, is_visible, alphasort);
	if (n == -1) {
		run_file(path);
		return;
	}
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		run_file(file);
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	char corpus[512];
	struct stat st;
	int i;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	snprintf(corpus, sizeof(corpus), "t/fuzz/corpus/%s",
	    slash != NULL ? slash + 1 : argv[0]);
	if (argc < 2 && stat(corpus, &st) == -1)
		tap_skip_all("no inputs in %s", corpus);
	for (i = 1; i < argc; i++)
		run_path(argv[i]);
	if (argc < 2)
		run_path(corpus);
	return tap_done();
}
