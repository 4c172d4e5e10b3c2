/* SPDX-License-Identifier: BSD-2-Clause */
/* Columns of proxies and servers: values, words, colours; the table is columns.def. */
#include <stdio.h>
#include <string.h>

#include "tui/columns.h"
#include "tui/graph.h"

enum form { FORM_text, FORM_count, FORM_bytes, FORM_ms, FORM_share, FORM_age };
enum tint { TINT_plain, TINT_quiet, TINT_warn, TINT_alarm, TINT_heat, TINT_fresh };

enum { S_ = 1, T_ = 2, H_ = 4, L_ = 8, E_ = 16, C_ = 32, K_ = 64, Q_ = 128, ALL = 255 };
const char *const row_sets[] = { "State", "Traffic", "HTTP", "Latency", "Errors", "Conns", "Check",
	"Queue", NULL };

/* --- Values --------------------------------------------------------------- */

#define RAW(field)	row_num(r, F_##field)
#define PART(a, b)	percent(RAW(a), RAW(b))

static double
percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : whole == 0 ? 0 : NAN;
}

static double
of_requests(const struct row *r, enum counter c)
{
	return percent(r->rate[c], r->rate[C_REQ]);
}

static double
requests_of(const struct row *r)
{
	double n = RAW(req_tot);

	return isnan(n) ? RAW(stot) : n;
}

static double
share_of_backend(const struct row *r)
{
	const struct row *b = r->type == ROW_SERVER ? host_row(r->host, r->px, "BACKEND") : NULL;

	return b != NULL ? percent(r->rate[C_REQ], b->rate[C_REQ]) : NAN;
}

static double
reuse_of(const struct row *r)
{
	double reused = RAW(reuse);

	return percent(reused, reused + RAW(connect));
}

static double
age_of(const struct row *r)
{
	int64_t now = r->host->model->now_ms / 1000;

	return r->changed_s > 0 && now >= r->changed_s ? (double)(now - r->changed_s) : NAN;
}

/* --- Words ---------------------------------------------------------------- */

static void
put_form(enum form f, double v, int width, char *buf, size_t size)
{
	switch (f) {
	case FORM_text: break;
	case FORM_count: num_count(v, width, buf, size); break;
	case FORM_bytes: num_bytes(v, width, buf, size); break;
	case FORM_ms: num_ms(v, width, buf, size); break;
	case FORM_share: num_share(v, buf, size); break;
	case FORM_age: num_age(isnan(v) ? -1 : (int64_t)v, buf, size); break;
	}
}

/* 1 ms is cold, 1 s is hot. */
static int
heat_role(double us)
{
	return us < 1000 ? R_FG : ramp_role(log10(us / 1000) / 3);
}

static int
tint_role(enum tint t, double v)
{
	if (isnan(v) || (v < 0.05 && t != TINT_fresh))
		return R_DIM;
	switch (t) {
	case TINT_plain: return R_FG;
	case TINT_quiet: return R_FG;
	case TINT_warn: return R_WARN;
	case TINT_alarm: return v < 1 ? R_WARN : R_CRIT;
	case TINT_heat: return heat_role(v);
	case TINT_fresh: return v < 300 ? R_INFO : R_DIM;
	}
	return R_FG;
}

/* What is well stays quiet; what is not is coloured by its name too. */
static int
name_text(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct row *r = row;

	(void)m;
	snprintf(buf, size, "%s", r->type == ROW_SERVER || r->type == ROW_LISTENER ? r->sv : r->px);
	return r->state == ST_OK ? R_FG : state_role(r->state);
}

static int
state_text(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct row *r = row;

	(void)m;
	snprintf(buf, size, "%s", r->word);
	return state_role(r->state);
}

static int
type_text(const struct model *m, const void *row, char *buf, size_t size)
{
	static const char *const names[] = { "frontend", "backend", "server", "listener" };

	(void)m;
	snprintf(buf, size, "%s", names[((const struct row *)row)->type]);
	return R_DIM;
}

static int
field_text(const struct row *r, enum field f, char *buf, size_t size)
{
	snprintf(buf, size, "%s", row_text(r, f));
	return R_DIM;
}

#define FIELD_TEXT(id, field)								\
static int										\
id##_text(const struct model *m, const void *row, char *buf, size_t size)		\
{											\
	(void)m;									\
	return field_text(row, F_##field, buf, size);					\
}
FIELD_TEXT(mode, mode)
FIELD_TEXT(algo, algo)
FIELD_TEXT(addr, addr)
FIELD_TEXT(last_chk, last_chk)

static int
upw_text(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct row *r = row;

	(void)m;
	if (r->type == ROW_BACKEND) {
		snprintf(buf, size, "%u/%u", r->up, r->servers);
		return r->state == ST_OK ? R_FG : state_role(r->state);
	}
	if (r->type == ROW_SERVER)
		num_count(RAW(weight), 6, buf, size);
	return R_FG;
}

/* `L7OK 200`, `L4CON refused`. */
static int
check_text(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct row *r = row;
	const char *status = row_text(r, F_check_status), *code = row_text(r, F_check_code);
	const char *seen = row_text(r, F_last_chk);

	(void)m;
	if (strncmp(status, "* ", 2) == 0)
		status += 2;		/* one is running */
	if (code[0] == '\0' || strcmp(code, "0") == 0)
		code = strstr(status, "OK") != NULL ? "" : seen;
	snprintf(buf, size, "%s%s%s", status, code[0] != '\0' ? " " : "", code);
	return strstr(status, "OK") != NULL ? R_DIM : strlen(status) > 3 ? R_CRIT : R_DIM;
}

static int
health_text(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct row *r = row;
	double full = RAW(check_rise) + RAW(check_fall) - 1, now = RAW(check_health);

	(void)m;
	if (isnan(full) || isnan(now))
		return R_DIM;
	snprintf(buf, size, "%.0f/%.0f", now, full);
	return now < full ? R_WARN : R_DIM;
}

static int
host_text(const struct model *m, const void *row, char *buf, size_t size)
{
	const struct host *h = ((const struct row *)row)->host;

	(void)m;
	snprintf(buf, size, "%s", h->name);
	return R_HOST + (int)(h->index % 8);
}

/* --- Pictures ------------------------------------------------------------- */

static void
checks_draw(const struct model *m, const void *row, struct area cell)
{
	const struct row *r = row;
	int n = (int)strlen(r->checks), i;

	(void)m;
	for (i = 0; i < cell.w && i < n; i++)
		area_state(cell, cell.w - 1 - i, 0, r->checks[n - 1 - i] == '+' ? ST_OK : ST_CRIT);
}

static void
last_draw(const struct model *m, const void *row, struct area cell)
{
	struct series s = { ((const struct row *)row)->hist, M_REQ };

	if (!m->ui->is_slow && cell.w > 0)
		spark_draw(series_span, &s, ui_until_s(m), cell.w < 40 ?
		    (60 + (unsigned)cell.w / 2) / (unsigned)cell.w : 1, cell, R_SPARK);
}

/* --- The table ------------------------------------------------------------ */

#define COL_TEXT(id, name, title, prio, min, ideal, max, flags, sets, help)
#define COL_DRAW(id, name, title, prio, min, ideal, max, flags, sets, help)
#define COL_NUM(id, name, title, prio, width, flags, sets, form, tint, value, help)	\
static double										\
id##_number(const struct model *m, const void *row)					\
{											\
	const struct row *r = row;							\
											\
	(void)m;									\
	return value;									\
}											\
static int										\
id##_text(const struct model *m, const void *row, char *buf, size_t size)		\
{											\
	double v = id##_number(m, row);							\
											\
	put_form(FORM_##form, v, width, buf, size);					\
	return tint_role(TINT_##tint, v);						\
}
#include "tui/columns.def"
#undef COL_TEXT
#undef COL_DRAW
#undef COL_NUM

/* A column of no set is for lists that pick it. */
#define NO_SET		0
#define COL_TEXT(id, name, title, prio, min, ideal, max, flags, sets, help)		\
	{ name, title, prio, min, ideal, max, flags, sets, id##_text, NULL, NULL, help },
#define COL_DRAW(id, name, title, prio, min, ideal, max, flags, sets, help)		\
	{ name, title, prio, min, ideal, max, flags, sets, NULL, NULL, id##_draw, help },
#define COL_NUM(id, name, title, prio, width, flags, sets, form, tint, value, help)	\
	{ name, title, prio, width, width, width, COL_RIGHT | flags, sets, id##_text,	\
	    id##_number, NULL, help },
const struct column row_columns[] = {
#include "tui/columns.def"
};
const unsigned nrow_columns = sizeof(row_columns) / sizeof(row_columns[0]);
#undef COL_TEXT
#undef COL_DRAW
#undef COL_NUM

#define COL_TEXT(id, name, title, prio, min, ideal, max, flags, sets, help)	FORM_text,
#define COL_DRAW(id, name, title, prio, min, ideal, max, flags, sets, help)	FORM_text,
#define COL_NUM(id, name, title, prio, width, flags, sets, form, tint, value, help) FORM_##form,
static const uint8_t forms[] = {
#include "tui/columns.def"
};

int
row_column(const char *name)
{
	unsigned i;

	for (i = 0; i < nrow_columns; i++)
		if (strcmp(row_columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

double
row_value(const struct model *m, const struct row *r, int column)
{
	const struct column *c = &row_columns[column];
	double v = c->number != NULL ? c->number(m, r) : NAN;

	return forms[column] == FORM_ms ? v / 1000 : v;
}

unsigned
row_columns_pick(const struct row_pick *p, struct column *ret)
{
	unsigned n = 0;

	for (; p->name != NULL; p++, n++) {
		ret[n] = row_columns[row_column(p->name)];
		ret[n].prio = p->prio;
		ret[n].sets = 0;
		if (p->title != NULL)
			ret[n].title = p->title;
		if (p->min > 0)
			ret[n].min = p->min;
	}
	return n;
}

/* --- Lists and filters ---------------------------------------------------- */

void
row_key(const void *row, char buf[ROW_KEY_MAX])
{
	const struct row *r = row;

	snprintf(buf, ROW_KEY_MAX, "%u\t%s\t%s", r->host->index, r->px, r->sv);
}

enum state
row_state(const void *row)
{
	return ((const struct row *)row)->state;
}

bool
row_is_marked(const void *row)
{
	return ((const struct row *)row)->mark != 0;
}

bool
row_field(const void *row, const char *field, char *buf, size_t size, double *ret_num)
{
	const struct row *r = row;
	const struct model *m = r->host->model;
	int i;

	*ret_num = NAN;
	buf[0] = '\0';
	if (field == NULL)
		snprintf(buf, size, "%s/%s %s %s %s", r->px, r->sv, row_text(r, F_addr), r->word,
		    r->host->name);
	else if (strcmp(field, "backend") == 0 || strcmp(field, "proxy") == 0)
		snprintf(buf, size, "%s", r->px);
	else if (strcmp(field, "server") == 0)
		snprintf(buf, size, "%s", r->type == ROW_SERVER ? r->sv : "");
	else if ((i = row_column(field)) < 0)
		return false;
	else if (row_columns[i].text != NULL)
		row_columns[i].text(m, row, buf, size);
	if (field != NULL && (i = row_column(field)) >= 0)
		*ret_num = row_value(m, r, i);
	return true;
}
