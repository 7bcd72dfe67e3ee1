/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server and the client over a real socket. The server's loop runs in this thread and is turned
 * until something has happened, with a deadline; blocking calls run in a thread of their own.
 */
#include "tests/unit/lib/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/util.h"

#define QUEUE (1024 * 1024)
#define DEADLINE_US 20000000

struct fixture {
	char dir[64], path[96];
	sd_event *ev;
	struct sk_ipc_server *server;
	unsigned accepted, closed, messages, events_refused;
	int taken_fd;
	bool refuse;
	struct sk_ipc_client *last, *victim;
};

static const struct sk_ipc_limits limits = {.clients = 8, .per_uid = 6, .queue_bytes = QUEUE};

/* ---- the owner of the server ---- */

static int on_accept(struct sk_ipc_client *c, const struct ucred *cred, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(cred->uid, getuid());
	assert_int_equal(cred->pid, getpid());
	f->accepted++;
	f->last = c;
	return f->refuse ? -EPERM : 0;
}

static void on_closed(struct sk_ipc_client *c, void *arg)
{
	struct fixture *f = arg;

	f->closed++;
	assert_int_equal(sk_ipc_reply_end(c, 1, 0, NULL), -EPIPE);
	if (f->victim == c)
		f->victim = NULL;
}

/* {"rows": [...]} of about size bytes. */
static json_t *rows(size_t size)
{
	char *text = malloc(size + 1);
	json_t *v;

	memset(text, 'x', size);
	text[size] = '\0';
	v = json_pack("{s:[s]}", "rows", text);
	free(text);
	return v;
}

static void reply_rows(struct sk_ipc_client *c, uint32_t id, int64_t n, int64_t size)
{
	for (int64_t i = 0; i < n; i++) {
		json_t *body = rows((size_t)size);

		sk_ipc_reply(c, SK_IPC_DATA, id, body);
		json_decref(body);
	}
	sk_ipc_reply_end(c, id, 0, NULL);
}

static void on_message(struct sk_ipc_client *c, struct sk_ipc_msg *m, void *arg)
{
	struct fixture *f = arg;
	const char *op = "";
	json_t *args = NULL;
	int64_t n = 0, size = 0;

	f->messages++;
	sk_json_str(m->body, "op", false, &op, NULL);
	sk_json_object(m->body, "args", false, &args, NULL);
	sk_json_int(args, "n", false, &n, NULL);
	sk_json_int(args, "size", false, &size, NULL);
	if (sk_streq(op, "rows")) {
		reply_rows(c, m->id, n, size);
	} else if (sk_streq(op, "echo")) {
		json_t *body = sk_ipc_end_body(0, NULL, json_pack("{s:O}", "args", args));

		sk_ipc_reply(c, SK_IPC_END, m->id, body);
		json_decref(body);
	} else if (sk_streq(op, "fail")) {
		struct sk_err e;

		sk_err_set(&e, -EDOM, "args.n", "too many", "多すぎます");
		sk_ipc_reply_end(c, m->id, -EDOM, &e);
	} else if (sk_streq(op, "take")) {
		f->taken_fd = m->fd;
		m->fd = -1;
		sk_ipc_reply_end(c, m->id, 0, NULL);
	} else if (sk_streq(op, "close-me")) {
		sk_ipc_client_close(c);
		sk_ipc_client_close(c);
		assert_int_equal(sk_ipc_reply_end(c, m->id, 0, NULL), -EPIPE);
	} else if (sk_streq(op, "close-other")) {
		sk_ipc_client_close(f->victim);
	} else if (sk_streq(op, "free-server")) {
		sk_ipc_server_free(f->server);
		f->server = NULL;
		assert_int_equal(sk_ipc_reply_end(c, m->id, 0, NULL), -EPIPE);
	}
}

static const struct sk_ipc_ops ops = {
	.accept = on_accept, .message = on_message, .closed = on_closed};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->taken_fd = -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/sk-test-ipc-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	assert_true(sd_event_new(&f->ev) >= 0);
	return sk_ipc_server_new(&f->server, f->ev, f->path, 0660, -1, &limits, &ops, f, NULL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sk_ipc_server_free(f->server);
	sd_event_unref(f->ev);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* ---- helpers ---- */

static void turn(struct fixture *f)
{
	assert_true(sd_event_run(f->ev, 20000) >= 0);
}

/* Turn the loop until the condition holds. */
#define UNTIL(f, cond)                                                                             \
	do {                                                                                       \
		uint64_t until_ = sk_mono_us() + DEADLINE_US;                                      \
		while (!(cond)) {                                                                  \
			if (sk_mono_us() > until_)                                                 \
				fail_msg("timeout: " #cond);                                       \
			turn(f);                                                                   \
		}                                                                                  \
	} while (0)

static void drain(struct fixture *f)
{
	while (sd_event_run(f->ev, 0) > 0)
		;
}

static int client(struct fixture *f)
{
	struct sk_err e;
	unsigned before = f->accepted;
	int fd = sk_ipc_connect(f->path, &e);

	assert_true(fd >= 0);
	UNTIL(f, f->accepted > before);
	return fd;
}

static void request(int fd, uint32_t id, const char *op, int n, int size, int passfd)
{
	json_t *body = json_pack("{s:s, s:{s:i, s:i}}", "op", op, "args", "n", n, "size", size);

	assert_int_equal(sk_ipc_send(fd, SK_IPC_REQUEST, id, body, passfd, NULL), 0);
	json_decref(body);
}

static bool readable(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static bool hung_up(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The next message, which must be of this type and id; its code if it is an END. */
static int expect(struct fixture *f, int fd, enum sk_ipc_type type, uint32_t id)
{
	struct sk_ipc_msg m;
	int code = 0;

	UNTIL(f, readable(fd));
	assert_int_equal(sk_ipc_recv(fd, 0, &m, NULL), 0);
	assert_int_equal(m.type, type);
	assert_int_equal(m.id, id);
	if (type == SK_IPC_END)
		code = sk_ipc_end_code(m.body, NULL);
	sk_ipc_msg_done(&m);
	return code;
}

static void assert_serves(struct fixture *f, int fd)
{
	request(fd, 4711, "echo", 0, 0, -1);
	assert_int_equal(expect(f, fd, SK_IPC_END, 4711), 0);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- a blocking call in a thread ---- */

struct call {
	const char *path, *op;
	int n, size, timeout_ms, stop_after;
	int rows, r, r2;
	size_t bytes;
	struct sk_err err;
	json_t *end;
	atomic_bool done;
};

static int on_data(json_t *body, void *arg)
{
	struct call *k = arg;
	json_t *list = json_object_get(body, "rows");

	k->rows++;
	k->bytes += json_string_length(json_array_get(list, 0));
	return k->stop_after && k->rows == k->stop_after ? -EINTR : 0;
}

static void *call_thread(void *arg)
{
	struct call *k = arg;
	int fd = sk_ipc_connect(k->path, &k->err);

	k->r = sk_ipc_call(fd, k->op, json_pack("{s:i, s:i}", "n", k->n, "size", k->size), -1,
		k->timeout_ms, on_data, k, &k->end, &k->err);
	if (k->stop_after)
		k->r2 = sk_ipc_call(fd, "echo", NULL, -1, k->timeout_ms, NULL, NULL, NULL, &k->err);
	close(fd);
	k->done = true;
	return NULL;
}

static void call(struct fixture *f, struct call *k)
{
	pthread_t t;

	k->path = f->path;
	if (!k->timeout_ms)
		k->timeout_ms = 20000;
	assert_int_equal(pthread_create(&t, NULL, call_thread, k), 0);
	UNTIL(f, k->done);
	pthread_join(t, NULL);
	json_decref(k->end);
}

/* ---- tests ---- */

static void calls_return_what_was_answered(void **state)
{
	struct call rows_call = {.op = "rows", .n = 3, .size = 10}, bad = {.op = "fail"};
	struct call none = {.op = "rows", .n = 0};

	call(*state, &rows_call);
	assert_int_equal(rows_call.r, 0);
	assert_int_equal(rows_call.rows, 3);
	assert_int_equal(rows_call.bytes, 30);
	call(*state, &none);
	assert_int_equal(none.r, 0);
	assert_int_equal(none.rows, 0);
	call(*state, &bad);
	assert_int_equal(bad.r, -EDOM);
	assert_string_equal(bad.err.path, "args.n");
	assert_string_equal(bad.err.en, "too many");
	assert_string_equal(bad.err.ja, "多すぎます");
}

static void long_answers_pass_whole(void **state)
{
	/* Larger than the socket buffers together, within the queue. */
	struct call k = {.op = "rows", .n = 10, .size = 180000};

	((struct fixture *)*state)->messages = 0;
	call(*state, &k);
	/* 1.8 MB may exceed queue and socket: then the client is closed, else all arrives. */
	if (k.r == 0)
		assert_int_equal(k.bytes, 10 * 180000);
	else
		assert_int_equal(k.r, -ECONNRESET);
	k = (struct call){.op = "rows", .n = 5, .size = 180000};
	call(*state, &k);
	assert_int_equal(k.r, 0);
	assert_int_equal(k.bytes, 5 * 180000);
}

static void stale_answers_are_not_taken(void **state)
{
	struct call k = {.op = "rows", .n = 10, .size = 100, .stop_after = 2};

	call(*state, &k);
	assert_int_equal(k.r, -EINTR);
	assert_int_equal(k.rows, 2);
	assert_int_equal(k.r2, 0);
}

static void largest_message_both_ways(void **state)
{
	struct fixture *f = *state;
	const size_t room =
		SK_IPC_MAX - SK_IPC_HEADER - strlen("{\"args\":{\"rows\":[\"\"]},\"op\":\"echo\"}");
	json_t *args = rows(room), *body = json_pack("{s:s, s:o}", "op", "echo", "args", args);
	struct sk_buf b;
	int fd = client(f);

	sk_buf_init(&b, SK_IPC_MAX);
	assert_int_equal(sk_ipc_encode(&b, SK_IPC_REQUEST, 1, body), 0);
	assert_int_equal(b.len, SK_IPC_MAX);
	sk_buf_done(&b);
	assert_int_equal(sk_ipc_send(fd, SK_IPC_REQUEST, 1, body, -1, NULL), 0);
	assert_int_equal(expect(f, fd, SK_IPC_END, 1), 0);
	json_decref(body);
	body = json_pack("{s:o}", "x", rows(SK_IPC_MAX));
	assert_int_equal(sk_ipc_send(fd, SK_IPC_REQUEST, 2, body, -1, NULL), -EMSGSIZE);
	json_decref(body);
	assert_serves(f, fd);
	close(fd);
}

static void descriptors_are_received(void **state)
{
	struct fixture *f = *state;
	int fd = client(f), mem = sk_memfd("doc", "hello", 5), before;
	struct sk_buf b;

	request(fd, 1, "take", 0, 0, mem);
	assert_int_equal(expect(f, fd, SK_IPC_END, 1), 0);
	assert_true(f->taken_fd >= 0);
	assert_true(fcntl(f->taken_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sk_memfd_check(f->taken_fd, NULL), 0);
	sk_buf_init(&b, 100);
	assert_int_equal(sk_fd_read(f->taken_fd, &b, NULL), 0);
	assert_string_equal(sk_buf_str(&b), "hello");
	sk_buf_done(&b);
	close(f->taken_fd);
	/* One that nobody takes does not stay open. */
	before = open_fds();
	for (int i = 0; i < 20; i++) {
		request(fd, 2, "echo", 0, 0, mem);
		assert_int_equal(expect(f, fd, SK_IPC_END, 2), 0);
	}
	assert_int_equal(open_fds(), before);
	request(fd, 3, "take", 0, 0, -1);
	assert_int_equal(expect(f, fd, SK_IPC_END, 3), 0);
	assert_int_equal(f->taken_fd, -1);
	close(mem);
	close(fd);
}

static void send_fds(int fd, const void *p, size_t len, int passed, int count)
{
	uint8_t control[CMSG_SPACE(64 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)p, .iov_len = len};
	struct msghdr mh = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	for (int i = 0; i < count; i++)
		memcpy(CMSG_DATA(cm) + (size_t)i * sizeof(int), &passed, sizeof(int));
	assert_true(sendmsg(fd, &mh, 0) >= 0);
}

static void many_descriptors_close_the_client(void **state)
{
	static const int counts[] = {2, 3, 4, 5, 60};
	struct fixture *f = *state;
	int before = open_fds();

	for (size_t i = 0; i < SK_ARRAY_SIZE(counts); i++) {
		struct sk_buf b;
		int fd = client(f), null = open("/dev/null", O_RDONLY);
		unsigned closed = f->closed;

		sk_buf_init(&b, 1000);
		sk_ipc_encode_text(&b, SK_IPC_REQUEST, 1, "{\"op\":\"take\"}", 13);
		send_fds(fd, b.data, b.len, null, counts[i]);
		UNTIL(f, f->closed > closed);
		assert_int_equal(f->messages, 0);
		sk_buf_done(&b);
		close(null);
		close(fd);
		assert_int_equal(open_fds(), before);
	}
	/* A descriptor with garbage is closed as well. */
	int fd = client(f);

	send_fds(fd, "garbage", 7, 0, 1);
	UNTIL(f, hung_up(fd));
	close(fd);
	drain(f);
	assert_int_equal(open_fds(), before);
}

static void garbage_closes_that_client_only(void **state)
{
	static const char *const garbage[] = {"x", "SKIP", "SKIP\1\1\0\0\0\0\0\1\0\0\0\2[]",
		"SKIP\1\1\0\0\0\0\0\1\0\0\0\2{]", "SKIP\1\1\0\0\0\0\0\1\xff\xff\xff\xff{}", ""};
	static const size_t sizes[] = {1, 4, 18, 18, 18, 0};
	struct fixture *f = *state;
	int good = client(f);

	for (size_t i = 0; i < SK_ARRAY_SIZE(garbage); i++) {
		int fd = client(f);
		unsigned closed = f->closed;

		/* What came before the garbage is still answered. */
		request(fd, 5, "echo", 0, 0, -1);
		assert_int_equal(send(fd, garbage[i], sizes[i], 0), sizes[i]);
		request(fd, 6, "echo", 0, 0, -1);
		UNTIL(f, f->closed > closed);
		assert_int_equal(expect(f, fd, SK_IPC_END, 5), 0);
		assert_true(hung_up(fd) || errno == ECONNRESET);
		close(fd);
		assert_serves(f, good);
	}
	close(good);
}

static void oversized_message_closes_the_client(void **state)
{
	struct fixture *f = *state;
	const size_t n = SK_IPC_MAX + 1;
	uint8_t *big = calloc(1, n);
	int fd = client(f), good = client(f);

	/* A valid message of SK_IPC_MAX bytes with one byte more behind it. */
	memset(big, ' ', n);
	memcpy(big, "SKIP\1\1\0\0\0\0\0\1\0\2\xff\xf0{", 17);
	big[SK_IPC_MAX - 1] = '}';
	assert_int_equal(send(fd, big, n, 0), n);
	UNTIL(f, f->closed == 1);
	assert_int_equal(f->messages, 0);
	close(fd);
	fd = client(f);
	assert_int_equal(send(fd, big, n - 1, 0), n - 1);
	UNTIL(f, f->messages == 1);
	assert_serves(f, good);
	free(big);
	close(fd);
	close(good);
}

/* As many requests as the socket takes without blocking. */
static unsigned flood(int fd, uint32_t *id, int size)
{
	unsigned n = 0;

	for (;; n++) {
		struct sk_buf b;
		json_t *body = json_pack(
			"{s:s, s:{s:i, s:i}}", "op", "rows", "args", "n", 1, "size", size);
		ssize_t r;

		sk_buf_init(&b, 10000);
		sk_ipc_encode(&b, SK_IPC_REQUEST, *id, body);
		json_decref(body);
		r = send(fd, b.data, b.len, MSG_DONTWAIT);
		sk_buf_done(&b);
		if (r < 0)
			return n;
		(*id)++;
	}
}

static void flood_is_held_back_not_served_dry(void **state)
{
	struct fixture *f = *state;
	int bad = client(f), good;
	struct sk_ipc_client *c = f->last;
	uint32_t sent = 0;

	good = client(f);
	/* Until nothing moves any more: the flooder's own socket is full. */
	for (int idle = 0; idle < 3;) {
		idle = flood(bad, &sent, 50000) ? 0 : idle + 1;
		drain(f);
		assert_true(sk_ipc_client_queued(c) <= QUEUE);
		assert_serves(f, good);
	}
	assert_int_equal(f->closed, 0);
	assert_true(sent > 100);
	assert_true(f->messages < sent); /* the rest waits unread */
	/* Nothing to do means nothing done: a blocked client does not keep the loop busy. */
	assert_int_equal(sd_event_run(f->ev, 20000), 0);
	/* Once it reads, it gets every answer, in order. */
	for (uint32_t id = 0; id < sent; id++) {
		expect(f, bad, SK_IPC_DATA, id);
		assert_int_equal(expect(f, bad, SK_IPC_END, id), 0);
	}
	assert_int_equal(sk_ipc_client_queued(c), 0);
	close(bad);
	UNTIL(f, f->closed == 1);
	assert_serves(f, good);
	close(good);
}

static void flooder_that_leaves_is_closed(void **state)
{
	struct fixture *f = *state;
	int bad = client(f);
	uint32_t sent = 0;

	for (int idle = 0; idle < 3;) {
		idle = flood(bad, &sent, 50000) ? 0 : idle + 1;
		drain(f);
	}
	close(bad);
	UNTIL(f, f->closed == 1);
	assert_int_equal(sd_event_run(f->ev, 20000), 0);
}

static void send_event(struct sk_ipc_client *c, void *arg)
{
	struct fixture *f = arg;
	json_t *body = rows(30000);
	int r = sk_ipc_reply(c, SK_IPC_EVENT, 0, body);

	if (r < 0) {
		assert_int_equal(r, -ENOBUFS);
		f->events_refused++;
	}
	json_decref(body);
}

static void subscriber_that_does_not_read_is_closed(void **state)
{
	struct fixture *f = *state;
	int slow = client(f), good = client(f);

	for (int i = 0; i < 200; i++) {
		sk_ipc_server_each(f->server, send_event, f);
		while (readable(good) && !hung_up(good))
			expect(f, good, SK_IPC_EVENT, 0);
		drain(f);
	}
	assert_int_equal(f->events_refused, 1);
	assert_int_equal(f->closed, 1);
	assert_serves(f, good);
	close(slow);
	close(good);
}

static void client_vanishes_before_its_answer(void **state)
{
	struct fixture *f = *state;
	int good = client(f);

	for (int i = 0; i < 20; i++) {
		int fd = client(f);

		for (uint32_t id = 0; id < 40; id++)
			request(fd, id, "rows", 3, 10000, -1);
		close(fd);
		UNTIL(f, f->closed == (unsigned)i + 1);
	}
	assert_serves(f, good);
	close(good);
}

static void clients_closed_from_callbacks(void **state)
{
	struct fixture *f = *state;
	int a = client(f), b;

	f->victim = f->last;
	b = client(f);
	/* Both are readable in the same turn; whoever comes first, nothing is used after free. */
	request(a, 1, "echo", 0, 0, -1);
	request(b, 1, "close-other", 0, 0, -1);
	request(b, 2, "close-me", 0, 0, -1);
	request(b, 3, "echo", 0, 0, -1);
	UNTIL(f, f->closed == 2);
	assert_null(f->victim);
	/* The request behind close-me was not served. */
	assert_true(f->messages == 2 || f->messages == 3);
	close(a);
	close(b);
	a = client(f);
	assert_serves(f, a);
	close(a);
}

static void server_freed_from_a_callback(void **state)
{
	struct fixture *f = *state;
	int a = client(f), b = client(f);
	struct stat st;

	request(a, 1, "free-server", 0, 0, -1);
	request(a, 2, "echo", 0, 0, -1);
	request(b, 1, "echo", 0, 0, -1);
	UNTIL(f, f->closed == 2);
	assert_null(f->server);
	drain(f);
	assert_int_equal(stat(f->path, &st), -1); /* its socket is gone */
	close(a);
	close(b);
}

static void limits_hold(void **state)
{
	struct fixture *f = *state;
	int fd[7];

	for (int i = 0; i < 6; i++)
		fd[i] = client(f);
	fd[6] = sk_ipc_connect(f->path, NULL);
	UNTIL(f, hung_up(fd[6]));
	assert_int_equal(f->accepted, 6);
	assert_serves(f, fd[0]);
	/* Room again after one left. */
	close(fd[0]);
	UNTIL(f, f->closed == 1);
	fd[0] = client(f);
	assert_serves(f, fd[0]);
	for (int i = 0; i < 7; i++)
		close(fd[i]);
}

static void owner_may_refuse(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->refuse = true;
	fd = client(f);
	UNTIL(f, hung_up(fd));
	assert_int_equal(f->closed, 0); /* never accepted, never closed */
	close(fd);
	f->refuse = false;
	fd = client(f);
	assert_serves(f, fd);
	close(fd);
}

static void survives_running_out_of_descriptors(void **state)
{
	struct fixture *f = *state;
	int good = client(f), fd, turns = 0;
	struct rlimit saved, low;
	uint64_t start;

	getrlimit(RLIMIT_NOFILE, &saved);
	fd = sk_ipc_connect(f->path, NULL);
	assert_true(fd >= 0);
	low = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = saved.rlim_max};
	setrlimit(RLIMIT_NOFILE, &low);
	start = sk_mono_us();
	while (sk_mono_us() < start + 300000)
		turns += sd_event_run(f->ev, 100000) > 0;
	assert_true(turns < 20); /* no busy loop */
	assert_serves(f, good);
	setrlimit(RLIMIT_NOFILE, &saved);
	UNTIL(f, f->accepted == 2);
	assert_serves(f, fd);
	close(fd);
	close(good);
}

static void client_errors_are_told_apart(void **state)
{
	struct fixture *f = *state;
	char longest[200];
	struct sk_ipc_msg m;
	struct sk_err e;
	int fd;

	assert_int_equal(sk_ipc_connect("/nonexistent/sock", &e), -ENOENT);
	assert_true(e.en[0] && e.ja[0]);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(sk_ipc_connect(longest, &e), -ENAMETOOLONG);

	fd = client(f);
	assert_int_equal(sk_ipc_recv(fd, 10, &m, &e), -ETIMEDOUT);
	request(fd, 1, "close-me", 0, 0, -1);
	UNTIL(f, f->closed == 1);
	assert_int_equal(sk_ipc_recv(fd, 1000, &m, &e), -ECONNRESET);
	json_t *body = json_object();
	assert_int_equal(sk_ipc_send(fd, SK_IPC_REQUEST, 1, body, -1, &e), -ECONNRESET);
	json_decref(body);
	close(fd);

	/* A server that does not answer. */
	struct call k = {.op = "silent", .timeout_ms = 50};
	call(f, &k);
	assert_int_equal(k.r, -ETIMEDOUT);
}

/* Answers a request with two DATA, each with a descriptor, and END. */
static void *answer_with_fds(void *arg)
{
	const int fd = *(int *)arg;
	json_t *body = json_pack("{s:b}", "list", 1), *end = sk_ipc_end_body(0, NULL, NULL);
	struct sk_ipc_msg m;

	assert_int_equal(sk_ipc_recv(fd, 5000, &m, NULL), 0);
	for (const char *text = "12"; *text; text++) {
		int mem = sk_memfd("list", text, 1);

		assert_int_equal(sk_ipc_send(fd, SK_IPC_DATA, m.id, body, mem, NULL), 0);
		close(mem);
	}
	assert_int_equal(sk_ipc_send(fd, SK_IPC_END, m.id, end, -1, NULL), 0);
	sk_ipc_msg_done(&m);
	json_decref(body);
	json_decref(end);
	return NULL;
}

static void answers_carry_descriptors(void **state)
{
	int pair[2], got = -1, before;
	char text[4] = "";
	pthread_t t;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	before = dup(pair[0]);
	assert_int_equal(pthread_create(&t, NULL, answer_with_fds, &pair[1]), 0);
	assert_int_equal(sk_ipc_call_fd(pair[0], "get", NULL, -1, 5000, &got, NULL, NULL), 0);
	pthread_join(t, NULL);
	/* The last of them, still sealed; the other is closed again. */
	assert_int_equal(sk_memfd_check(got, NULL), 0);
	assert_int_equal(pread(got, text, 3, 0), 1);
	assert_string_equal(text, "2");
	close(got);
	close(before);
	got = dup(pair[0]);
	assert_true(got <= before + 1);
	close(got);
	/* None came: -1, whatever stood there. */
	close(pair[1]);
	assert_true(sk_ipc_call_fd(pair[0], "get", NULL, -1, 5000, &got, NULL, NULL) < 0);
	assert_int_equal(got, -1);
	close(pair[0]);
}

static void client_refuses_garbage(void **state)
{
	struct sk_ipc_msg m = {.id = 5};
	struct sk_err e;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(send(sv[1], "garbage", 7, 0), 7);
	assert_int_equal(sk_ipc_recv(sv[0], 1000, &m, &e), -EBADMSG);
	assert_int_equal(m.id, 5);
	/* An END without a code is no success. */
	json_t *body = json_object(), *end = NULL;
	assert_int_equal(sk_ipc_send(sv[1], SK_IPC_END, 1, body, -1, &e), 0);
	assert_int_equal(sk_ipc_recv(sv[0], 1000, &m, &e), 0);
	assert_int_equal(sk_ipc_end_code(m.body, &e), -EBADMSG);
	assert_null(end);
	sk_ipc_msg_done(&m);
	json_decref(body);
	close(sv[0]);
	close(sv[1]);
}

static void listens_where_it_may(void **state)
{
	struct fixture *f = *state;
	struct sk_ipc_server *s = NULL;
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char path[128];
	struct sk_err e;
	struct stat st;
	int fd;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);

	/* A file that is no socket is not removed. */
	snprintf(path, sizeof(path), "%s/file", f->dir);
	assert_int_equal(sk_file_replace(path, "x", 1, 0600, NULL), 0);
	assert_int_equal(
		sk_ipc_server_new(&s, f->ev, path, 0600, -1, &limits, &ops, f, &e), -EEXIST);
	assert_non_null(strstr(e.en, path));
	assert_null(s);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(
		sk_ipc_server_new(&s, f->ev, "/nonexistent/sock", 0600, -1, &limits, &ops, f, &e),
		-ENOENT);

	/* An inherited socket: served, and neither bound nor unlinked by us. */
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/given", f->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(sk_ipc_server_new(&s, f->ev, NULL, 0, fd, &limits, &ops, f, &e), 0);
	fd = sk_ipc_connect(sa.sun_path, NULL);
	UNTIL(f, f->accepted == 1);
	assert_serves(f, fd);
	close(fd);
	sk_ipc_server_free(s);
	assert_int_equal(unlink(sa.sun_path), 0);

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
		sk_ipc_server_new(&s, f->ev, NULL, 0, fd, &limits, &ops, f, &e), -EPROTOTYPE);
	assert_int_equal(close(fd), 0); /* still ours */
}

static void old_socket_is_taken_over(void **state)
{
	struct fixture *f = *state;
	struct sk_ipc_server *s = NULL;
	int fd;

	/* A crashed daemon leaves its socket file. */
	assert_int_equal(
		sk_ipc_server_new(&s, f->ev, f->path, 0600, -1, &limits, &ops, f, NULL), 0);
	fd = client(f);
	assert_serves(f, fd);
	close(fd);
	sk_ipc_server_free(s);
	sk_ipc_server_free(NULL);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(calls_return_what_was_answered),
		CASE(long_answers_pass_whole),
		CASE(stale_answers_are_not_taken),
		CASE(largest_message_both_ways),
		CASE(descriptors_are_received),
		CASE(many_descriptors_close_the_client),
		CASE(garbage_closes_that_client_only),
		CASE(oversized_message_closes_the_client),
		CASE(flood_is_held_back_not_served_dry),
		CASE(flooder_that_leaves_is_closed),
		CASE(subscriber_that_does_not_read_is_closed),
		CASE(client_vanishes_before_its_answer),
		CASE(clients_closed_from_callbacks),
		CASE(server_freed_from_a_callback),
		CASE(limits_hold),
		CASE(owner_may_refuse),
		CASE(survives_running_out_of_descriptors),
		CASE(client_errors_are_told_apart),
		cmocka_unit_test(client_refuses_garbage),
		cmocka_unit_test(answers_carry_descriptors),
		CASE(listens_where_it_may),
		CASE(old_socket_is_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
