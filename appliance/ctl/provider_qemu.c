/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The provider `qemu`: an instance is a virtual machine on this machine, a child as
 * those of `process` are. Its disk is an overlay over `golden`, made by qemu-img before
 * it starts and gone with it. It learns who it is from a seed (NoCloud, its second
 * disk), and the user data from there and from fw_cfg, opt/weir/config; both are files
 * in memory that qemu is given as descriptors. Its serial console is its output.
 *
 * With `network user` weir reaches it at 127.0.0.1 and a port of its own, which qemu
 * forwards to `port` inside; with `network tap` it has an address of `subnet` on
 * `bridge`, as those of `netns`, told by the seed.
 *
 * It is emulated unless `accel kvm` says otherwise: that a /dev/kvm can be opened does
 * not mean that it works.
 *
 * Thread: control; parsing: the one that loads.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/field.h"
#include "cfg/snapshot.h"
#include "ctl/group_conf.h"
#include "ctl/provider_child.h"
#include "ctl/seed.h"
#include "proxy/global.h"

#define QEMU		"/usr/bin/qemu-system-x86_64"
#define MIB		(1024u * 1024u)
#define MEMORY_BYTES	(256u * MIB)
#define SERVICE_PORT	80u

struct qemu_settings {
	struct child_settings child;	/* first */
	const char	*golden, *firmware;	/* NULL = not written */
	uint64_t	 memory_bytes;	/* 0 = not written */
	uint32_t	 cpus;
	uint32_t	 port;
	bool		 is_kvm, is_tap;
};

/* ---- an instance ---- */

static uint16_t
port_inside(const struct provider_call *call)
{
	const struct qemu_settings *s = call->conf->settings;

	if (call->launch->instance_port != 0)
		return call->launch->instance_port;
	return (uint16_t)(s->port != 0 ? s->port : SERVICE_PORT);
}

static bool
place(const struct provider_call *call, struct provider_instance *i, char *why, size_t size)
{
	const struct qemu_settings *s = call->conf->settings;

	if (!s->is_tap)
		return provider_child_port(call, i, why, size);
	i->port = port_inside(call);
	return provider_child_address(call, i, why, size);
}

/* Of an address: 52:54:0a:09:00:02. */
static void
mac_of(const char *address, char ret[18])
{
	unsigned a = 0, b = 0, c = 0, d = 0;

	(void)sscanf(address, "%3u.%3u.%3u.%3u", &a, &b, &c, &d);
	snprintf(ret, 18, "52:54:%02x:%02x:%02x:%02x", a & 255, b & 255, c & 255, d & 255);
}

static void
write_meta(struct outbuf *b, const struct provider_call *call, const struct provider_instance *i,
    const char *bits)
{
	outbuf_fmt(b, "instance-id: %s\nlocal-hostname: %s\nweir-group: '%s'\nweir-zone: '%s'\n",
	    i->id, i->id, call->group, i->zone);
	if (bits != NULL)
		outbuf_fmt(b, "weir-address: %s%s\n", i->address, bits);
}

static void
write_network(struct outbuf *b, const struct provider_instance *i, const char *gateway,
    const char *bits)
{
	char mac[18];

	mac_of(i->address, mac);
	outbuf_fmt(b, "version: 2\nethernets:\n  net0:\n    match: {macaddress: '%s'}\n"
	    "    addresses: ['%s%s']\n    routes: [{to: 0.0.0.0/0, via: %.*s}]\n", mac, i->address,
	    bits, (int)(bits - gateway), gateway);
}

/* The seed is the first of its data, the user data are the second. */
static void
give_data(const struct provider_call *call, struct child_order_new *o)
{
	const struct qemu_settings *s = call->conf->settings;
	const char *gateway = s->child.program.program.gateway;
	const char *bits = s->is_tap ? strchr(gateway, '/') : NULL;
	struct seed_file files[3];
	struct outbuf meta, network;
	unsigned n = 0;

	outbuf_init(&meta, 0);
	outbuf_init(&network, 0);
	write_meta(&meta, call, &o->at, bits);
	files[n++] = (struct seed_file){ "meta-data", meta.data, meta.len };
	if (bits != NULL) {
		write_network(&network, &o->at, gateway, bits);
		files[n++] = (struct seed_file){ "network-config", network.data, network.len };
	}
	files[n++] = (struct seed_file){ "user-data", o->data[0].mem, o->data[0].len };
	o->data[1] = o->data[0].mem != NULL ? o->data[0] : (struct child_data){ "", 0 };
	o->data[0].mem = o->scratch = seed_make("cidata", files, n, &o->data[0].len);
	outbuf_fini(&meta);
	outbuf_fini(&network);
}

static enum provider_error
fill(const struct provider_call *call, struct child_order_new *o, char *why, size_t size)
{
	const struct qemu_settings *s = call->conf->settings;
	char port[8], mac[18], tap[PROGRAM_TAP_BYTES];

	snprintf(port, sizeof port, "%u", port_inside(call));
	mac_of(o->at.address, mac);
	program_tap_name(o->at.id, tap);
	if (!program_run_value(o->run, "port-inside", port) ||
	    (s->is_tap && (!program_run_value(o->run, "mac", mac) ||
	    !program_run_value(o->run, "tap", tap)))) {
		snprintf(why, size, "too many values");
		return PROVIDER_INVALID;
	}
	o->has_monitor = true;
	give_data(call, o);
	return PROVIDER_OK;
}

static const struct child_kind kind = { .place = place, .fill = fill };

/* ---- the words of its programs ---- */

struct word_list {
	const char	*list[PROGRAM_WORDS_MAX];
	unsigned	 n;
};

static void
add(struct word_list *w, const char *word)
{
	if (word != NULL)
		w->list[w->n++] = word;
}

static void
add2(struct word_list *w, const char *option, const char *value)
{
	add(w, option);
	add(w, value);
}

static void
keep(struct cfg *c, struct program *p, const struct word_list *w)
{
	const char **list = arena_calloc(c->arena, w->n, sizeof *list);

	memcpy(list, w->list, w->n * sizeof *list);
	p->args = list;
	p->nargs = w->n;
	p->is_in_folder = true;
}

static void
add_machine(struct word_list *w, struct cfg *c, const struct qemu_settings *s)
{
	add2(w, "-name", "{id}");
	add(w, "-nodefaults");
	add(w, "-no-user-config");
	add2(w, "-display", "none");
	add2(w, "-machine", "q35,graphics=off");	/* the firmware speaks on the console */
	add2(w, "-accel", s->is_kvm ? "kvm" : "tcg,thread=multi,tb-size=256");
	add2(w, "-cpu", s->is_kvm ? "host" : "max");
	add2(w, "-m", arena_printf(c->arena, "%llu", (unsigned long long)(s->memory_bytes / MIB)));
	add2(w, "-smp", arena_printf(c->arena, "%u", s->cpus));
	if (s->firmware != NULL)
		add2(w, "-bios", s->firmware);
	add2(w, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
	    "resourcecontrol=deny");
}

/* What its guest writes is thrown away with it: nothing waits for the disk. */
static void
add_devices(struct word_list *w, const struct qemu_settings *s)
{
	add2(w, "-chardev", "stdio,id=console,signal=off");
	add2(w, "-serial", "chardev:console");
	add2(w, "-drive", "file={id}.qcow2,if=none,id=disk,format=qcow2,cache=unsafe");
	add2(w, "-device", "virtio-blk-pci,drive=disk,bootindex=1");
	add2(w, "-drive", "file=/proc/self/fd/3,if=virtio,format=raw,readonly=on");
	add2(w, "-fw_cfg", "name=opt/weir/config,file=/proc/self/fd/4");
	if (s->is_tap) {
		add2(w, "-netdev", "tap,id=net,ifname={tap},script=no,downscript=no");
		add2(w, "-device", "virtio-net-pci,netdev=net,romfile=,mac={mac}");
	} else {
		add2(w, "-netdev", "user,id=net,hostfwd=tcp:{address}:{port}-:{port-inside}");
		add2(w, "-device", "virtio-net-pci,netdev=net,romfile=");
	}
	add2(w, "-device", "virtio-rng-pci");
	add2(w, "-qmp", "unix:{id}.qmp,server=on,wait=off");
}

static void
make_qemu(struct cfg *c, struct qemu_settings *s)
{
	struct program *p = &s->child.program.program;
	struct word_list w = { .n = 0 };

	add(&w, p->nargs > 0 ? p->args[0] : QEMU);
	add_machine(&w, c, s);
	add_devices(&w, s);
	for (unsigned i = 1; i < p->nargs; i++)
		add(&w, p->args[i]);
	keep(c, p, &w);
	p->is_tap = s->is_tap;
	if (s->is_tap)
		p->devices[0] = "/dev/net/tun";
	if (s->is_kvm)
		p->devices[s->is_tap] = "/dev/kvm";
}

/* qemu-img beside qemu */
static void
make_overlay(struct cfg *c, struct qemu_settings *s)
{
	const char *qemu = s->child.program.program.args[0];
	struct word_list w = { .n = 0 };

	add(&w, arena_printf(c->arena, "%.*s/qemu-img", (int)(strrchr(qemu, '/') - qemu), qemu));
	add(&w, "create");
	add(&w, "-q");
	add2(&w, "-f", "qcow2");
	add2(&w, "-b", s->golden);
	add2(&w, "-F", "qcow2");
	add(&w, "{id}.qcow2");
	keep(c, &s->child.before.program, &w);
}

/* ---- the section ---- */

static bool
is_whole(struct cfg *c, const struct provider_conf *p)
{
	const struct qemu_settings *s = p->settings;
	const struct program *program = &s->child.program.program;
	const char *name = p->object.name;

	diag_at(c->diag, p->object.file, p->object.line);
	if (s->golden == NULL)
		diag_error(c->diag, "provider '%s' has no 'golden'.", name);
	else if (s->is_tap && (program->bridge == NULL || program->gateway == NULL))
		diag_error(c->diag, "provider '%s' with 'network tap' needs 'bridge' and "
		    "'subnet'.", name);
	else if (!s->is_tap && (program->bridge != NULL || program->gateway != NULL))
		diag_error(c->diag, "provider '%s': 'bridge' and 'subnet' are of 'network tap'.",
		    name);
	else if (s->is_tap && s->child.lo != 0)
		diag_error(c->diag, "provider '%s': 'port-range' is of 'network user'.", name);
	else
		return true;
	return false;
}

static int
settle(struct cfg *c, struct provider_conf *p)
{
	struct qemu_settings *s = p->settings;

	if (!is_whole(c, p))
		return -1;
	if (s->memory_bytes == 0)
		s->memory_bytes = MEMORY_BYTES;
	if (s->cpus == 0)
		s->cpus = 1;
	s->child.kind = &kind;
	make_qemu(c, s);
	make_overlay(c, s);
	if (provider_program_settle(c, p) == -1)
		return -1;
	return provider_program_name(c, p, &s->child.before);
}

const struct provider_type provider_qemu = {
	.name = "qemu", .settings_size = sizeof(struct qemu_settings), .settle = settle,
	PROVIDER_OF_CHILDREN,
	.no_stop = "a machine that was stopped is gone",
	.no_files = "its machines have disks of their own: use user data",
};

/* Overlays and monitors lie in the state directory. */
static int
post_state_dir(struct cfg *c)
{
	int rc = 0;

	OBJECT_EACH(o, c->snap, OBJECT_PROVIDER) {
		const struct provider_conf *p = (const struct provider_conf *)(void *)o;

		if (p->type != &provider_qemu || global_of(c)->state_dir != NULL)
			continue;
		diag_at(c->diag, o->file, o->line);
		diag_error(c->diag, "provider '%s' of type qemu needs a 'state-dir' in section "
		    "global, for the disks of its instances.", o->name);
		rc = -1;
	}
	return rc;
}

/* ---- words ---- */

static struct qemu_settings *
settings(struct cfg *c)
{
	static const struct provider_type *const types[] = { &provider_qemu };

	return provider_settings(c, types, 1);
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct qemu_settings *s = settings(c);

	return s != NULL ? cfg_set(c, row, s, args, nargs) : -1;
}

/* A file that is there, with these bytes at its begin. */
static bool
is_file(struct cfg *c, const char *word, const char *path, const char *magic, size_t len)
{
	char begin[8];
	ssize_t n;
	int fd;

	if (path[0] != '/') {
		diag_error(c->diag, "'%s': '%s' is no absolute path.", word, path);
		return false;
	}
	if ((fd = file_open(path, 0, 0)) == -1) {
		diag_error(c->diag, "'%s': cannot open '%s': %s.", word, path, strerror(errno));
		return false;
	}
	n = read(fd, begin, len);
	close(fd);
	if (n == (ssize_t)len && memcmp(begin, magic, len) == 0)
		return true;
	diag_error(c->diag, "'%s': '%s' is no image of format qcow2.", word, path);
	return false;
}

static int
parse_golden(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct qemu_settings *s = settings(c);

	(void)nargs;
	if (s == NULL)
		return -1;
	s->golden = args[0];		/* it is named, though it may be a bad one */
	return is_file(c, row->name, args[0], "QFI\xfb", 4) ? 0 : -1;
}

static int
parse_firmware(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct qemu_settings *s = settings(c);

	(void)nargs;
	if (s == NULL || !is_file(c, row->name, args[0], "", 0))
		return -1;
	s->firmware = args[0];
	return 0;
}

static int
parse_memory(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (parse_field(c, row, args, nargs) == -1)
		return -1;
	if (settings(c)->memory_bytes % MIB == 0)
		return 0;
	diag_error(c->diag, "'%s' expects whole megabytes, as 128m, not '%s'.", row->name, args[0]);
	return -1;
}

/* One of two words; the second one makes it true. */
static int
parse_choice(struct cfg *c, const struct kw_row *row, const char *word, const char *const names[2],
    bool *ret)
{
	for (int i = 0; i < 2; i++)
		if (strcmp(word, names[i]) == 0) {
			*ret = i == 1;
			return 0;
		}
	diag_error(c->diag, "'%s' expects '%s' or '%s', not '%s'.", row->name, names[0], names[1],
	    word);
	return -1;
}

static int
parse_accel(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = { "tcg", "kvm" };
	struct qemu_settings *s = settings(c);

	(void)nargs;
	return s != NULL ? parse_choice(c, row, args[0], names, &s->is_kvm) : -1;
}

static int
parse_network(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = { "user", "tap" };
	struct qemu_settings *s = settings(c);

	(void)nargs;
	return s != NULL ? parse_choice(c, row, args[0], names, &s->is_tap) : -1;
}

static const struct kw_row rows[] = {
	{ "golden", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_golden, 0, "<path>",
	  "qemu: the image over which each instance has its disk." },
	{ "firmware", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_firmware, 0, "<path>",
	  "qemu: what boots it, as OVMF.fd for UEFI; SeaBIOS by default." },
	{ "memory", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_memory,
	  CFG_FIELD(CFG_SIZE, struct qemu_settings, memory_bytes, .min = 16 * MIB,
	  .max = 1ull << 42), "<size>", "qemu: memory of an instance; 256m by default." },
	{ "cpus", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_field,
	  CFG_FIELD(CFG_UINT, struct qemu_settings, cpus, .min = 1, .max = 64), "<n>",
	  "qemu: processors of an instance; 1 by default." },
	{ "accel", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_accel, 0, "tcg|kvm",
	  "qemu: emulated, or by KVM; tcg by default." },
	{ "network", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_network, 0, "user|tap",
	  "qemu: a port of 127.0.0.1, or an address on a bridge; user by default." },
	{ "port", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_field,
	  CFG_FIELD(CFG_UINT, struct qemu_settings, port, .min = 1, .max = 65535), "<n>",
	  "qemu: where the service is inside, unless instance-port says so; 80 by default." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct post_row posts[] = {
	{ "qemu", post_state_dir },
	{ NULL, NULL },
};

const struct module mod_provider_qemu = {
	.name = "provider_qemu", .cfg = rows, .post = posts, .provider = &provider_qemu
};
