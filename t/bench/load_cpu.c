/*
 * CPU time of the watched processes, sampled by the main thread exactly where
 * the measured window begins and ends, so that connection set-up and warm-up
 * are in neither the requests nor the CPU.
 */
#include <dirent.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

/* "NAME=PID,PID,..." */
void
watch_parse(struct watch *w, const char *spec)
{
	const char *eq = strchr(spec, '=');
	char *end;

	memset(w, 0, sizeof(*w));
	if (eq == NULL || (size_t)(eq - spec) >= sizeof(w->name))
		errx(1, "--watch wants NAME=PID,...: %s", spec);
	memcpy(w->name, spec, (size_t)(eq - spec));
	do {
		if (w->npids == WATCH_PIDS)
			errx(1, "--watch: too many processes");
		w->pids[w->npids++] = (int)strtol(eq + 1, &end, 10);
		eq = end;
	} while (*eq == ',');
	if (*eq != '\0')
		errx(1, "--watch wants NAME=PID,...: %s", spec);
}

static uint64_t
sched_ns(int pid)
{
	char path[300];
	struct dirent *de;
	uint64_t ns, sum = 0;
	FILE *fp;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if ((dir = opendir(path)) == NULL)
		return 0;
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat",
		    pid, de->d_name);
		if ((fp = fopen(path, "r")) == NULL)
			continue;
		if (fscanf(fp, "%" SCNu64, &ns) == 1)
			sum += ns;
		fclose(fp);
	}
	closedir(dir);
	return sum;
}

static uint64_t
stat_ns(int pid)
{
	char path[64], line[1024], *p = NULL;
	unsigned long utime = 0, stime = 0;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if ((fp = fopen(path, "r")) == NULL)
		return 0;
	if (fgets(line, sizeof(line), fp) != NULL)
		p = strrchr(line, ')');		/* end of the name */
	fclose(fp);
	if (p == NULL || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u "
	    "%*u %*u %lu %lu", &utime, &stime) != 2)
		return 0;
	return (utime + stime) * (1000000000ULL /
	    (unsigned long)sysconf(_SC_CLK_TCK));
}

void
watch_sample(struct watch *w)
{
	int i;

	w->sched_ns = w->stat_ns = 0;
	for (i = 0; i < w->npids; i++) {
		w->sched_ns += sched_ns(w->pids[i]);
		w->stat_ns += stat_ns(w->pids[i]);
	}
}
