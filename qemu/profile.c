// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin that counts how often each instruction of the guest runs within spans that the guest
 * marks: a nop of seven bytes with 0x70c0f501 in it starts one, 0x70c0f502 ends it. Writes, for each
 * span, a line "span N" and then "ADDRESS COUNT" in hexadecimal and decimal.
 *
 *   -plugin file=profile.so,out=FILE
 *
 * For one CPU. The prototypes are those of the plugin interface's version 4, of which QEMU's packages
 * have no header.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *data, size_t len);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*cb)(unsigned int, void *), int flags, void *data);

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

struct place {
	uint64_t address, count;
	struct place *next;
};

#define CHAINS 65536
static struct place *places[CHAINS];
static unsigned int spans;
static bool counting;
static FILE *out;

static struct place *place_of(uint64_t address)
{
	struct place **chain = &places[(address ^ address >> 16) % CHAINS], *place;

	for (place = *chain; place; place = place->next)
		if (place->address == address)
			return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		abort();
	place->address = address;
	place->next = *chain;
	return *chain = place;
}

static void executed(unsigned int cpu, void *place)
{
	if (counting)
		((struct place *)place)->count++;
}

static void span_starts(unsigned int cpu, void *unused)
{
	for (size_t i = 0; i < CHAINS; i++)
		for (struct place *place = places[i]; place; place = place->next)
			place->count = 0;
	counting = true;
	spans++;
}

static void span_ends(unsigned int cpu, void *unused)
{
	counting = false;
	fprintf(out, "span %u\n", spans);
	for (size_t i = 0; i < CHAINS; i++)
		for (struct place *place = places[i]; place; place = place->next)
			if (place->count)
				fprintf(out, "%" PRIx64 " %" PRIu64 "\n", place->address, place->count);
	fflush(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const unsigned char start[] = { 0x0f, 0x1f, 0x80, 0x01, 0xf5, 0xc0, 0x70 };
	static const unsigned char end[] = { 0x0f, 0x1f, 0x80, 0x02, 0xf5, 0xc0, 0x70 };

	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		unsigned char bytes[sizeof(start)] = {};

		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, 0,
			place_of(qemu_plugin_insn_vaddr(insn)));
		if (qemu_plugin_insn_size(insn) != sizeof(bytes))
			continue;
		qemu_plugin_insn_data(insn, bytes, sizeof(bytes));
		if (!memcmp(bytes, start, sizeof(bytes)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, span_starts, 0, NULL);
		else if (!memcmp(bytes, end, sizeof(bytes)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, span_ends, 0, NULL);
	}
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return 1;
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
