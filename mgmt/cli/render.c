// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers as they arrive: JSON rows and events at once, tables and CSV when all rows are here. One
 * JSON document for each command, whatever it answered.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define PIECE_MAX (64u << 20)

struct cli_out {
	FILE *f, *notes;
	const struct cli_opts *o;
	const struct mg_command *cmd;
	size_t columns;
	json_t *rows, *records, *said; /* arrays; said: notes */
	size_t n_rows;
	bool texts;       /* some came */
	bool progressing; /* a line about it stands on the terminal */
	struct cli_file *file;
	struct sk_buf text;
};

struct cli_out *cli_out_new(FILE *f, FILE *notes, const struct cli_opts *o,
	const struct mg_command *cmd, size_t columns)
{
	struct cli_out *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->f = f;
	out->notes = notes;
	out->o = o;
	out->cmd = cmd;
	out->columns = columns;
	out->rows = json_array();
	out->records = json_array();
	out->said = json_array();
	sk_buf_init(&out->text, PIECE_MAX);
	if (!out->rows || !out->records || !out->said) {
		cli_out_free(out);
		return NULL;
	}
	return out;
}

void cli_out_free(struct cli_out *out)
{
	if (!out)
		return;
	json_decref(out->rows);
	json_decref(out->records);
	json_decref(out->said);
	sk_buf_done(&out->text);
	free(out);
}

static int put(FILE *f, const char *s, size_t n)
{
	return fwrite(s, 1, n, f) == n ? 0 : -EPIPE;
}

static int put_buf(FILE *f, struct sk_buf *b)
{
	int r = sk_buf_error(b);

	if (!r)
		r = put(f, sk_buf_str(b), b->len);
	sk_buf_done(b);
	return r;
}

static int put_json(FILE *f, const json_t *v, size_t flags)
{
	return json_dumpf(v, f, JSON_ENCODE_ANY | flags) < 0 || fputc('\n', f) == EOF ? -EPIPE : 0;
}

#define BOM "\xef\xbb\xbf"

/*
 * Lines of text with everything but line breaks and tabs made harmless. What makes a file a
 * spreadsheet's (its mark, carriage returns) is kept in a file and nothing to see on a terminal.
 */
static int put_text(FILE *f, const char *s, bool file)
{
	char line[4096];

	while (*s) {
		size_t n = SK_MIN(strcspn(s, "\r\n\t"), sizeof(line) / 4 - 1);
		size_t mark = strncmp(s, BOM, 3) ? *s == '\r' : 3;

		if (mark) {
			if (file && put(f, s, mark) < 0)
				return -EPIPE;
			s += mark;
			continue;
		}
		if (n && put(f, line, strlen(sk_escape(line, sizeof(line), s, n))) < 0)
			return -EPIPE;
		s += n;
		if ((*s == '\n' || *s == '\t') && fputc(*s++, f) == EOF)
			return -EPIPE;
	}
	return 0;
}

void cli_out_save(struct cli_out *out, struct cli_file *file)
{
	out->file = file;
}

/* A file that comes with an answer: base64, as JSON has no bytes. */
static int save(struct cli_out *out, const char *base64)
{
	size_t n = strlen(base64), len = 0;
	unsigned char *p;
	int r;

	if (!out->file || !out->file->path)
		return -EBADMSG;
	p = malloc(n / 4 * 3 + 3);
	if (!p)
		return -ENOMEM;
	r = sodium_base642bin(p, n / 4 * 3 + 3, base64, n, NULL, &len, NULL,
		    sodium_base64_VARIANT_ORIGINAL) == 0
		? cli_file_take(out->file, p, len)
		: -EBADMSG;
	sodium_memzero(p, n / 4 * 3 + 3);
	free(p);
	return r;
}

/* ---- events -----------------------------------------------------------------------------------
 */
static const json_t *field(const json_t *e, const char *key)
{
	const json_t *v = json_object_get(e, key);

	v = v ? v : json_object_get(json_object_get(e, "sekisho"), key);
	return v ? v : json_object_get(json_object_get(e, "alert"), key);
}

static void put_field(struct sk_buf *b, const struct cli_opts *o, const json_t *e,
	const char *before, const char *key)
{
	const json_t *v = field(e, key);

	if (!v || json_is_null(v))
		return;
	sk_buf_puts(b, before);
	cli_value(b, key, NULL, v, o);
}

static int put_event(struct cli_out *out, const json_t *e)
{
	static const char *const more[] = {"decision", "action", "reason", "rule", "signature_id",
		"signature", "severity", "generation", "message"};
	const bool alert = json_object_get(e, "alert") != NULL;
	struct sk_buf b;
	int r;

	if (out->o->format != CLI_TABLE) {
		r = put_json(out->f, e, JSON_COMPACT);
	} else {
		sk_buf_init(&b, 1 << 20);
		put_field(&b, out->o, e, "", "timestamp");
		put_field(&b, out->o, e, " ", "event_type");
		put_field(&b, out->o, e, " ", "src_ip");
		put_field(&b, out->o, e, ":", "src_port");
		put_field(&b, out->o, e, " -> ", "dest_ip");
		put_field(&b, out->o, e, ":", "dest_port");
		put_field(&b, out->o, e, " ", "proto");
		/* What an alert did is its decision: "action" only repeats it. */
		for (size_t i = 0; i < SK_ARRAY_SIZE(more); i++)
			if (!alert || (i != 1 && (i != 2 || !field(e, "decision"))))
				put_field(&b, out->o, e, "  ", more[i]);
		sk_buf_putc(&b, '\n');
		r = put_buf(out->f, &b);
	}
	return r < 0 || fflush(out->f) == EOF ? -EPIPE : 0;
}

/* ---- pieces -----------------------------------------------------------------------------------
 */
static int put_rows(struct cli_out *out, const json_t *rows)
{
	int r = 0;

	if (out->o->format != CLI_JSON) {
		out->n_rows += json_array_size(rows);
		return json_array_extend(out->rows, (json_t *)rows) < 0 ? -ENOMEM : 0;
	}
	for (size_t i = 0; !r && i < json_array_size(rows); i++) {
		char *s = json_dumps(json_array_get(rows, i), JSON_COMPACT);

		if (!s)
			return -ENOMEM;
		if (fputs(out->n_rows++ ? ",\n" : "[\n", out->f) == EOF || fputs(s, out->f) == EOF)
			r = -EPIPE;
		free(s);
	}
	return r;
}

static int put_note(struct cli_out *out, const char *s)
{
	if (json_array_append_new(out->said, json_string(s)) < 0)
		return -ENOMEM;
	if (out->o->format == CLI_TABLE)
		return 0;
	return put_text(out->notes, s, false) < 0 || fputc('\n', out->notes) == EOF ? -EPIPE : 0;
}

static int put_piece(struct cli_out *out, const char *s)
{
	out->texts = true;
	if (out->o->format != CLI_JSON)
		return out->o->format == CLI_CSV ? put(out->f, s, strlen(s))
						 : put_text(out->f, s, !out->columns);
	sk_buf_puts(&out->text, s);
	return sk_buf_error(&out->text);
}

/* One line that the next one overwrites; only for whoever sits there. */
static int put_progress(struct cli_out *out, const json_t *v)
{
	const char *s = json_string_value(json_object_get(v, out->o->lang == SK_JA ? "ja" : "en"));
	const json_int_t done = json_integer_value(json_object_get(v, "done"));
	const json_int_t total = json_integer_value(json_object_get(v, "total"));
	char text[200];

	if (!s || !isatty(fileno(out->notes)))
		return 0;
	sk_escape(text, sizeof(text), s, strlen(s));
	if (total > 0 && done >= 0 && done <= total)
		fprintf(out->notes, "\r\033[K%s %d%%", text,
			(int)((double)done * 100 / (double)total));
	else
		fprintf(out->notes, "\r\033[K%s", text);
	out->progressing = true;
	return fflush(out->notes) == EOF ? -EPIPE : 0;
}

static void end_progress(struct cli_out *out)
{
	if (out->progressing)
		fputs("\r\033[K", out->notes);
	out->progressing = false;
}

int cli_out_data(struct cli_out *out, const json_t *body)
{
	const char *key;
	json_t *v;
	int r = 0;

	if (!json_object_get(body, "progress"))
		end_progress(out);
	json_object_foreach ((json_t *)body, key, v) {
		if (!strcmp(key, "rows") && json_is_array(v))
			r = put_rows(out, v);
		else if (!strcmp(key, "record") && json_is_object(v))
			r = json_array_append(out->records, v) < 0 ? -ENOMEM : 0;
		else if (!strcmp(key, "text") && json_is_string(v))
			r = put_piece(out, json_string_value(v));
		else if (!strcmp(key, "note") && json_is_string(v))
			r = put_note(out, json_string_value(v));
		else if (!strcmp(key, "file") && json_is_string(v))
			r = save(out, json_string_value(v));
		else if (!strcmp(key, "event") && json_is_object(v))
			r = put_event(out, v);
		else if (!strcmp(key, "progress") && json_is_object(v))
			r = put_progress(out, v);
		else
			r = -EBADMSG;
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the end ----------------------------------------------------------------------------------
 */
static int end_json(struct cli_out *out, bool failed)
{
	json_t *o;
	int r;

	if (out->n_rows)
		return fputs("\n]\n", out->f) == EOF ? -EPIPE : 0;
	if (json_array_size(out->records) == 1)
		return put_json(out->f, json_array_get(out->records, 0), JSON_INDENT(2));
	if (json_array_size(out->records))
		return put_json(out->f, out->records, JSON_INDENT(2));
	if (failed || (out->cmd->flags & MG_F_FOLLOW))
		return 0;
	/* An empty list is a list: what was said about it is on the other stream. */
	if (out->cmd->columns && !out->text.len)
		return fputs("[]\n", out->f) == EOF ? -EPIPE : 0;
	o = json_object();
	if (out->text.len)
		json_object_set_new(o, "text", json_stringn(sk_buf_str(&out->text), out->text.len));
	if (json_array_size(out->said))
		json_object_set(o, "notes", out->said);
	r = put_json(out->f, o, JSON_INDENT(2));
	json_decref(o);
	return r;
}

static int end_rows(struct cli_out *out)
{
	struct mg_column *cols = cli_columns(out->cmd->columns, out->rows, out->o);
	struct sk_buf b;
	int r = 0;

	if (!cols)
		return -ENOMEM;
	if (out->o->format == CLI_TABLE) {
		sk_buf_init(&b, (size_t)1 << 30);
		cli_table(&b, cols, out->rows, out->o, out->columns);
		r = put_buf(out->f, &b);
	}
	for (size_t i = 0; !r && out->o->format == CLI_CSV && i <= out->n_rows; i++) {
		sk_buf_init(&b, PIECE_MAX);
		if (i == 0)
			cli_csv_header(&b, cols, out->o->lang);
		else
			cli_csv_row(&b, cols, json_array_get(out->rows, i - 1), out->o);
		r = put_buf(out->f, &b);
	}
	free(cols);
	return r;
}

static int end_records(struct cli_out *out)
{
	int r = 0;

	for (size_t i = 0; !r && i < json_array_size(out->records); i++) {
		struct sk_buf b;

		sk_buf_init(&b, PIECE_MAX);
		if (i)
			sk_buf_putc(&b, '\n');
		cli_record(&b, out->cmd, json_array_get(out->records, i), out->o);
		r = put_buf(out->f, &b);
	}
	return r;
}

static int end_notes(struct cli_out *out)
{
	int r = 0;

	for (size_t i = 0; !r && i < json_array_size(out->said); i++) {
		r = put_text(out->f, json_string_value(json_array_get(out->said, i)), false);
		if (!r && fputc('\n', out->f) == EOF)
			r = -EPIPE;
	}
	return r;
}

int cli_out_end(struct cli_out *out, bool failed)
{
	static const struct sk_text none = {"nothing found\n", "該当なし\n"};
	int r = 0;

	end_progress(out);
	if (out->o->format == CLI_JSON) {
		r = end_json(out, failed);
	} else {
		if (out->n_rows ||
			(out->o->format == CLI_CSV && out->cmd->columns && !failed && !out->texts &&
				!json_array_size(out->records)))
			r = end_rows(out);
		if (!r)
			r = end_records(out);
		if (!r && out->o->format == CLI_TABLE)
			r = end_notes(out);
		if (!r && !failed && out->o->format == CLI_TABLE && out->cmd->columns &&
			!out->n_rows && !json_array_size(out->records) &&
			!json_array_size(out->said) && !out->texts)
			r = fputs(sk_text(&none, out->o->lang), out->notes) == EOF ? -EPIPE : 0;
	}
	return r < 0 || fflush(out->f) == EOF ? -EPIPE : 0;
}
