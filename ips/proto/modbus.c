/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modbus/TCP (Modbus Application Protocol V1.1b3, Messaging on TCP/IP V1.0b): requests and their
 * answers, which tables are read or written where. A transaction is a request with its answer.
 */
#include <netinet/in.h>
#include <string.h>

#include "ips/flow/flow.h"
#include "ips/proto/protos.h"
#include "ips/rules/opt_parts.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define ADU_MAX 260
#define HEADER 7 /* MBAP: transaction, protocol, length, unit */
#define VALUES_MAX 125
#define OUTSTANDING_MAX (IPS_APP_TX_MAX - 16) /* below the number kept: answers are found */

enum modbus_event {
	MB_EV_INVALID_PROTOCOL_ID,
	MB_EV_UNSOLICITED_RESPONSE,
	MB_EV_INVALID_LENGTH,
	MB_EV_INVALID_UNIT_IDENTIFIER,
	MB_EV_INVALID_FUNCTION_CODE,
	MB_EV_INVALID_VALUE,
	MB_EV_INVALID_EXCEPTION_CODE,
	MB_EV_VALUE_MISMATCH,
	MB_EV_FLOODED,
};
static const char *const events[] = {"invalid_protocol_id", "unsolicited_response",
	"invalid_length", "invalid_unit_identifier", "invalid_function_code", "invalid_value",
	"invalid_exception_code", "value_mismatch", "flooded", NULL};

struct modbus_tx {
	struct ips_tx tx;
	uint16_t id;
	uint8_t unit, function, exception;
	bool has_sub, has_address;
	uint16_t sub, address, quantity; /* of the table that is written, else of that read */
	uint32_t access;                 /* enum ips_modbus_access */
	uint16_t value[VALUES_MAX];      /* written */
	uint32_t values;
};

struct modbus_state {
	uint8_t part[2][ADU_MAX];
	uint32_t len[2];
	uint32_t waiting; /* requests without an answer */
	bool lost[2];
};

static bool modbus_open(struct ips_app *a, struct ips_app_ctx *c)
{
	a->state = ips_mem_alloc(c->mem, sizeof(struct modbus_state));
	return a->state;
}

static void modbus_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	ips_mem_free(m, tx, sizeof(struct modbus_tx));
}

static void modbus_close(struct ips_app *a, struct ips_mem *m)
{
	for (struct ips_tx *tx = a->first, *next; tx; tx = next) {
		next = tx->next;
		modbus_tx_free(a, tx, m);
	}
	ips_mem_free(m, a->state, sizeof(struct modbus_state));
}

static void read_range(struct modbus_tx *t, struct sk_cursor *c, uint32_t table)
{
	t->address = sk_cur_be16(c);
	t->quantity = sk_cur_be16(c);
	t->has_address = true;
	t->access |= IPS_MODBUS_READ | table;
}

static void write_one(struct modbus_tx *t, struct sk_cursor *c, uint32_t table)
{
	t->address = sk_cur_be16(c);
	t->quantity = 1;
	t->value[0] = sk_cur_be16(c);
	t->values = 1;
	t->has_address = true;
	t->access |= IPS_MODBUS_WRITE | table;
}

/* Coils come as bits, eight a byte; registers as words. */
static void write_many(struct modbus_tx *t, struct sk_cursor *c, uint32_t table)
{
	uint8_t bytes;

	t->address = sk_cur_be16(c);
	t->quantity = sk_cur_be16(c);
	bytes = sk_cur_u8(c);
	t->has_address = true;
	t->access |= IPS_MODBUS_WRITE | table;
	if (table == IPS_MODBUS_COILS) {
		for (uint32_t i = 0, v = 0; i < t->quantity && i < bytes * 8u; i++) {
			if (i % 8 == 0)
				v = sk_cur_u8(c);
			if (t->values < VALUES_MAX)
				t->value[t->values++] = v >> (i % 8) & 1;
		}
		return;
	}
	for (uint32_t i = 0; i < bytes / 2u && t->values < VALUES_MAX; i++)
		t->value[t->values++] = sk_cur_be16(c);
}

static bool quantity_ok(const struct modbus_tx *t)
{
	uint32_t max = t->access & (IPS_MODBUS_COILS | IPS_MODBUS_DISCRETES) ? 2000 : 125;

	return t->quantity >= 1 && t->quantity <= max;
}

static void request_body(struct ips_app *a, struct modbus_tx *t, struct sk_cursor *c)
{
	switch (t->function) {
	case 1: read_range(t, c, IPS_MODBUS_COILS); break;
	case 2: read_range(t, c, IPS_MODBUS_DISCRETES); break;
	case 3: read_range(t, c, IPS_MODBUS_HOLDING); break;
	case 4: read_range(t, c, IPS_MODBUS_INPUT); break;
	case 5: write_one(t, c, IPS_MODBUS_COILS); break;
	case 6: write_one(t, c, IPS_MODBUS_HOLDING); break;
	case 15: write_many(t, c, IPS_MODBUS_COILS); break;
	case 16: write_many(t, c, IPS_MODBUS_HOLDING); break;
	case 22: write_one(t, c, IPS_MODBUS_HOLDING); break;
	case 23:
		read_range(t, c, IPS_MODBUS_HOLDING);
		write_many(t, c, IPS_MODBUS_HOLDING);
		break;
	case 8:
	case 43:
		t->sub = t->function == 8 ? sk_cur_be16(c) : sk_cur_u8(c);
		t->has_sub = true;
		break;
	default: break;
	}
	if (!sk_cur_ok(c))
		ips_tx_event(a, &t->tx, MB_EV_INVALID_LENGTH);
	else if (t->has_address && !quantity_ok(t))
		ips_tx_event(a, &t->tx, MB_EV_INVALID_VALUE);
	if (t->function == 5 && t->values && t->value[0] != 0 && t->value[0] != 0xff00)
		ips_tx_event(a, &t->tx, MB_EV_INVALID_VALUE);
}

static struct modbus_tx *new_tx(
	struct ips_app *a, struct ips_app_ctx *c, uint16_t id, uint8_t unit, uint8_t function)
{
	struct modbus_tx *t = ips_mem_alloc(c->mem, sizeof(*t));

	if (!t)
		return NULL;
	t->id = id;
	t->unit = unit;
	t->function = function;
	ips_app_tx_add(a, &t->tx);
	return t;
}

static void request(struct ips_app *a, struct ips_app_ctx *c, uint16_t id, uint8_t unit,
	uint8_t function, struct sk_cursor *cur)
{
	struct modbus_state *s = a->state;
	struct modbus_tx *t = new_tx(a, c, id, unit, function);

	if (!t)
		return;
	if (function == 0 || function > 127)
		ips_tx_event(a, &t->tx, MB_EV_INVALID_FUNCTION_CODE);
	if (unit > 247 && unit != 255)
		ips_tx_event(a, &t->tx, MB_EV_INVALID_UNIT_IDENTIFIER);
	request_body(a, t, cur);
	if (++s->waiting > OUTSTANDING_MAX) {
		ips_tx_event(a, &t->tx, MB_EV_FLOODED);
		t->tx.complete[IPS_TOCLIENT] = true;
		s->waiting--;
	}
	t->tx.started[IPS_TOSERVER] = t->tx.complete[IPS_TOSERVER] = true;
	t->tx.changed[IPS_TOSERVER] = true;
}

static struct modbus_tx *find(const struct ips_app *a, uint16_t id)
{
	for (struct ips_tx *tx = a->first; tx; tx = tx->next) {
		struct modbus_tx *t = (struct modbus_tx *)tx;

		if (t->id == id && !tx->complete[IPS_TOCLIENT])
			return t;
	}
	return NULL;
}

static void response(struct ips_app *a, struct ips_app_ctx *c, uint16_t id, uint8_t unit,
	uint8_t function, struct sk_cursor *cur)
{
	struct modbus_state *s = a->state;
	struct modbus_tx *t = find(a, id);

	if (t) {
		s->waiting -= s->waiting > 0;
	} else {
		t = new_tx(a, c, id, unit, function & 0x7f);
		if (!t)
			return;
		ips_tx_event(a, &t->tx, MB_EV_UNSOLICITED_RESPONSE);
		t->tx.complete[IPS_TOSERVER] = true;
		t->tx.flags |= IPS_TX_SKIP_TOSERVER;
	}
	if ((function & 0x7f) != t->function)
		ips_tx_event(a, &t->tx, MB_EV_INVALID_FUNCTION_CODE);
	if (function & 0x80) {
		t->exception = sk_cur_u8(cur);
		if (t->exception == 0 || t->exception > 11)
			ips_tx_event(a, &t->tx, MB_EV_INVALID_EXCEPTION_CODE);
	} else if (t->function == 5 || t->function == 6) {
		uint16_t address = sk_cur_be16(cur), value = sk_cur_be16(cur);

		if (t->has_address && (address != t->address || value != t->value[0]))
			ips_tx_event(a, &t->tx, MB_EV_VALUE_MISMATCH);
	}
	t->tx.started[IPS_TOCLIENT] = t->tx.complete[IPS_TOCLIENT] = true;
	t->tx.changed[IPS_TOCLIENT] = true;
}

static void adu(
	struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *p, uint32_t len)
{
	struct sk_cursor cur;
	uint16_t id, protocol;
	uint8_t unit, function;

	sk_cur_init(&cur, p, len);
	id = sk_cur_be16(&cur);
	protocol = sk_cur_be16(&cur);
	sk_cur_skip(&cur, 2);
	unit = sk_cur_u8(&cur);
	function = sk_cur_u8(&cur);
	if (!sk_cur_ok(&cur)) {
		ips_tx_event(a, NULL, MB_EV_INVALID_LENGTH);
		return;
	}
	if (protocol != 0) {
		ips_tx_event(a, NULL, MB_EV_INVALID_PROTOCOL_ID);
		return;
	}
	if (dir == IPS_TOSERVER)
		request(a, c, id, unit, function, &cur);
	else
		response(a, c, id, unit, function, &cur);
}

/* Whole length of the ADU whose first six bytes are at p. */
static uint32_t adu_len(const uint8_t *p)
{
	return 6u + ((uint32_t)p[4] << 8 | p[5]);
}

static void modbus_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct modbus_state *s = a->state;

	if (!data && len)
		s->lost[dir] = true;
	while (data && len && !s->lost[dir]) {
		uint32_t want = s->len[dir] < 6 ? 6 : adu_len(s->part[dir]);
		uint32_t n;

		if (want > ADU_MAX || (s->len[dir] >= 6 && want <= HEADER)) {
			ips_tx_event(a, NULL, MB_EV_INVALID_LENGTH);
			s->lost[dir] = true; /* no way to tell where the next one begins */
			break;
		}
		n = SK_MIN(len, want - s->len[dir]);
		memcpy(s->part[dir] + s->len[dir], data, n);
		s->len[dir] += n;
		data += n;
		len -= n;
		if (s->len[dir] < 6 || s->len[dir] < adu_len(s->part[dir]))
			continue;
		adu(a, c, dir, s->part[dir], s->len[dir]);
		s->len[dir] = 0;
	}
	if (!eof)
		return;
	for (struct ips_tx *tx = a->first; tx; tx = tx->next)
		tx->complete[dir] = tx->changed[dir] = true;
}

static enum ips_buf_state modbus_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	return IPS_BUF_ABSENT;
}

/* Addresses are all that the request touches; values those it writes. */
static bool modbus_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	const struct modbus_tx *t = (const struct modbus_tx *)tx;

	if (num == IPS_NUM_MODBUS_ADDRESS) {
		*ret = (uint64_t)t->address + index;
		return t->has_address && index < SK_MAX(t->quantity, 1);
	}
	if (num == IPS_NUM_MODBUS_VALUE) {
		*ret = index < t->values ? t->value[index] : 0;
		return index < t->values;
	}
	if (index)
		return false;
	switch (num) {
	case IPS_NUM_MODBUS_FUNCTION: *ret = t->function; return true;
	case IPS_NUM_MODBUS_SUBFUNCTION: *ret = t->sub; return t->has_sub;
	case IPS_NUM_MODBUS_UNIT: *ret = t->unit; return true;
	case IPS_NUM_MODBUS_QUANTITY: *ret = t->quantity; return t->has_address;
	case IPS_NUM_MODBUS_ACCESS: *ret = t->access; return t->access;
	default: return false;
	}
}

static void modbus_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct modbus_tx *t = (const struct modbus_tx *)tx;

	ips_json_uint(j, "transaction_id", t->id);
	ips_json_uint(j, "unit_id", t->unit);
	ips_json_uint(j, "function_code", t->function);
	if (t->has_sub)
		ips_json_uint(j, "subfunction_code", t->sub);
	if (t->has_address) {
		ips_json_str(j, "access", t->access & IPS_MODBUS_WRITE ? "write" : "read");
		ips_json_uint(j, "address", t->address);
		ips_json_uint(j, "quantity", t->quantity);
	}
	if (t->values == 1)
		ips_json_uint(j, "value", t->value[0]);
	if (t->exception)
		ips_json_uint(j, "exception_code", t->exception);
}

const struct ips_proto ips_modbus_proto = {
	.id = IPS_P_MODBUS,
	.open = modbus_open,
	.close = modbus_close,
	.data = modbus_data,
	.tx_free = modbus_tx_free,
	.buffer = modbus_buffer,
	.number = modbus_number,
	.log = modbus_log,
	.log_when_complete = true,
	.events = events,
};

/* A public function code and a length that fits it; elsewhere than on 502 to the byte. */
static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	static const uint8_t request_len[24] = {[1] = 12,
		[2] = 12,
		[3] = 12,
		[4] = 12,
		[5] = 12,
		[6] = 12,
		[7] = 8,
		[8] = 12,
		[11] = 8,
		[12] = 8,
		[17] = 8,
		[22] = 14};
	uint32_t want;
	uint8_t f;

	if ((len > 2 && p[2] != 0) || (len > 3 && p[3] != 0) || (len > 4 && p[4] > 1))
		return IPS_PROBE_NO;
	if (len < 8)
		return IPS_PROBE_MORE;
	want = adu_len(p);
	f = p[7];
	if (want < 8 || want > ADU_MAX || f == 0)
		return IPS_PROBE_NO;
	if (port)
		return IPS_PROBE_YES;
	if (dir == IPS_TOCLIENT || f >= sizeof(request_len) || request_len[f] != want)
		return IPS_PROBE_NO;
	return len == want ? IPS_PROBE_YES : len < want ? IPS_PROBE_MORE : IPS_PROBE_NO;
}

const struct ips_probe_row ips_modbus_probes[] = {
	{IPS_P_MODBUS, IPPROTO_TCP, IPS_BUF_BOTH, {502}, probe},
	{0},
};
