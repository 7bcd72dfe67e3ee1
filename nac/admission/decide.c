/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks one after the other; the first that fails decides, the rest is still asked where it
 * makes sense, so that `explain` shows all that is wrong at once.
 */
#include "nac/admission/decide.h"

#include <string.h>

#include "lib/util.h"

static const char *const verdicts[] = {"refused", "quarantined", "admitted"};
static const char *const results[] = {"not asked", "passed", "warning", "failed"};

static const struct {
	const char *name;
	struct sk_text text;
} reasons[NAC_REASONS] = {
	[NAC_OK] = {"ok", {"all in order", "問題ありません"}},
	[NAC_NO_PORT] = {"no_port",
		{"the port is not watched", "このポートは監視対象ではありません"}},
	[NAC_BAD_MAC] = {"bad_mac",
		{"no device can have this address",
			"端末のアドレスとして使えない MAC アドレスです"}},
	[NAC_GATEWAY_MAC] = {"gateway_mac",
		{"it uses an address of the gateway itself",
			"本装置自身の MAC アドレスを使っています"}},
	[NAC_UNKNOWN] = {"unknown", {"the device is not registered", "端末が登録されていません"}},
	[NAC_RANDOMISED] = {"randomised",
		{"the address is a made-up one (randomised); switch \"private address\" off for "
		 "this "
		 "network and register the device's own address",
			"ランダム化された MAC "
			"アドレスです。このネットワークでは「プライベートアドレス」を無効にし、端末"
			"本来の "
			"MAC アドレスを登録してください"}},
	[NAC_IS_REVOKED] = {"revoked",
		{"the permission was taken away", "この端末の許可は取り消されています"}},
	[NAC_IS_EXPIRED] = {"expired",
		{"the permission has expired", "この端末の許可は期限切れです"}},
	[NAC_IS_QUARANTINED] = {"quarantined",
		{"the device is quarantined", "この端末は隔離されています"}},
	[NAC_WRONG_PORT] = {"wrong_port",
		{"it is permitted on other ports only", "このポートでの接続は許可されていません"}},
	[NAC_WRONG_ZONE] = {"wrong_zone",
		{"it is permitted in other zones only", "このゾーンでの接続は許可されていません"}},
	[NAC_METHOD_PORT] = {"method_port",
		{"the port does not offer this method", "このポートではこの認証方式を使えません"}},
	[NAC_METHOD_DEVICE] = {"method_device",
		{"the device must use another method (802.1X)",
			"この端末は別の認証方式 (802.1X) で接続する必要があります"}},
	[NAC_NO_IDENTITY] = {"no_identity",
		{"802.1X proved no identity", "802.1X で識別情報が確認できませんでした"}},
	[NAC_NOT_PROVEN] = {"authentication_failed",
		{"802.1X authentication failed (certificate or password)",
			"802.1X の認証に失敗しました (証明書またはパスワード)"}},
	[NAC_IDENTITY_UNKNOWN] = {"identity_unknown",
		{"the identity is not registered with any device",
			"この識別情報はどの端末にも登録されていません"}},
	[NAC_IDENTITY_OTHER] = {"identity_other",
		{"the identity belongs to another device", "別の端末の識別情報です"}},
	[NAC_MAC_OTHER] = {"mac_other",
		{"the device of this identity is registered with other addresses",
			"この識別情報の端末は別の MAC アドレスで登録されています"}},
	[NAC_ELSEWHERE] = {"elsewhere",
		{"the same address is in use on another port",
			"同じ MAC アドレスが別のポートで使われています"}},
	[NAC_PORT_FULL] = {"port_full",
		{"as many devices as permitted are on this port",
			"このポートの接続台数が上限に達しています"}},
	[NAC_LOOKS_DIFFERENT] = {"looks_different",
		{"it does not look like the registered device: another one may use its address",
			"登録された端末と特徴が異なります。別の端末が MAC "
			"アドレスを使っている可能性があります"}},
	[NAC_GUEST] = {"guest",
		{"admitted on a guest port by its credentials",
			"ゲスト用ポートに認証情報で接続しました"}},
};

static const struct {
	const char *name;
	struct sk_text text;
} checks[NAC_CHECKS] = {
	[NAC_CHECK_PORT] = {"port", {"Port is watched", "監視対象のポート"}},
	[NAC_CHECK_MAC] = {"mac", {"Address", "MAC アドレス"}},
	[NAC_CHECK_DEVICE] = {"device", {"Registered", "端末の登録"}},
	[NAC_CHECK_STATE] = {"state", {"State", "状態"}},
	[NAC_CHECK_EXPIRY] = {"expiry", {"Expiry", "有効期限"}},
	[NAC_CHECK_PLACE] = {"place", {"Port and zone", "ポートとゾーン"}},
	[NAC_CHECK_METHOD] = {"method", {"Method", "認証方式"}},
	[NAC_CHECK_IDENTITY] = {"identity", {"Identity", "識別情報"}},
	[NAC_CHECK_ELSEWHERE] = {"elsewhere", {"On one port only", "ほかのポートでの使用"}},
	[NAC_CHECK_FINGERPRINT] = {"fingerprint", {"Looks as registered", "端末の特徴"}},
	[NAC_CHECK_ROOM] = {"room", {"Room on the port", "ポートの接続台数"}},
};

struct asked {
	const struct nac_question *q;
	const struct nac_port *port;
	struct nac_decision *d;
	struct nac_checks *c;
};

static void note(struct asked *a, enum nac_check_id id, enum nac_result result, enum nac_reason why)
{
	a->c->result[id] = result;
	a->c->reason[id] = why;
	if (result == NAC_FAILED && a->d->verdict == NAC_ADMIT) {
		a->d->verdict = NAC_REFUSE;
		a->d->reason = why;
	}
}

static void pass_or(struct asked *a, enum nac_check_id id, bool good, enum nac_reason why)
{
	note(a, id, good ? NAC_PASSED : NAC_FAILED, good ? NAC_OK : why);
}

static bool usable(const struct nac_mac *m)
{
	return !nac_mac_is_zero(m) && !nac_mac_is_group(m);
}

static bool in_list(const char *const *list, const char *s)
{
	if (!list)
		return true;
	for (; *list; list++)
		if (strcmp(*list, s) == 0)
			return true;
	return false;
}

/* A device that lists no addresses is known by its identity alone. */
static enum nac_reason match_identity(struct asked *a, const struct nac_record *by_mac)
{
	const struct nac_question *q = a->q;
	const struct nac_record *by_id;

	a->d->device = by_mac;
	if (!q->identity || !q->identity[0])
		return NAC_NO_IDENTITY;
	by_id = nac_document_by_identity(q->doc, q->identity);
	if (!by_id)
		return a->port->guest && !by_mac ? NAC_GUEST : NAC_IDENTITY_UNKNOWN;
	if (by_mac && by_mac != by_id)
		return NAC_IDENTITY_OTHER;
	a->d->device = by_id;
	return !by_mac && by_id->n_macs ? NAC_MAC_OTHER : NAC_OK;
}

static void find_device(struct asked *a)
{
	const struct nac_question *q = a->q;
	const struct nac_record *by_mac = nac_document_by_mac(q->doc, &q->mac);
	enum nac_reason why;

	if (q->method == NAC_BY_DOT1X) {
		why = match_identity(a, by_mac);
		note(a, NAC_CHECK_IDENTITY,
			why == NAC_OK || why == NAC_GUEST ? NAC_PASSED : NAC_FAILED, why);
		if (a->d->device)
			note(a, NAC_CHECK_DEVICE, NAC_PASSED, NAC_OK);
		if (why == NAC_GUEST)
			a->d->reason = NAC_GUEST;
		return;
	}
	a->d->device = by_mac;
	why = nac_mac_is_randomised(&q->mac) ? NAC_RANDOMISED : NAC_UNKNOWN;
	pass_or(a, NAC_CHECK_DEVICE, by_mac != NULL, why);
}

static void check_device(struct asked *a)
{
	const struct nac_record *dev = a->d->device;
	const struct nac_question *q = a->q;

	if (!dev)
		return;
	pass_or(a, NAC_CHECK_STATE, dev->state != NAC_REVOKED, NAC_IS_REVOKED);
	pass_or(a, NAC_CHECK_EXPIRY, !dev->expires || dev->expires > q->now, NAC_IS_EXPIRED);
	if (!in_list((const char *const *)dev->ports, q->port))
		note(a, NAC_CHECK_PLACE, NAC_FAILED, NAC_WRONG_PORT);
	else
		pass_or(a, NAC_CHECK_PLACE, in_list((const char *const *)dev->zones, a->port->zone),
			NAC_WRONG_ZONE);
}

static void check_method(struct asked *a)
{
	const struct nac_record *dev = a->d->device;
	bool dot1x = a->q->method == NAC_BY_DOT1X;

	if (!(dot1x ? a->port->dot1x : a->port->mac))
		note(a, NAC_CHECK_METHOD, NAC_FAILED, NAC_METHOD_PORT);
	else if (dev)
		pass_or(a, NAC_CHECK_METHOD, dot1x ? dev->by_dot1x : dev->by_mac,
			NAC_METHOD_DEVICE);
	else if (dot1x)
		note(a, NAC_CHECK_METHOD, NAC_PASSED, NAC_OK);
}

/*
 * Who proves by 802.1X to be the device may move. An address alone proves nothing: whoever came
 * first keeps the place, and both are reported.
 */
static void check_elsewhere(struct asked *a)
{
	const struct nac_question *q = a->q;

	if (!q->elsewhere) {
		note(a, NAC_CHECK_ELSEWHERE, NAC_PASSED, NAC_OK);
		return;
	}
	if (q->method == NAC_BY_DOT1X && a->d->verdict == NAC_ADMIT) {
		a->d->moved = true;
		note(a, NAC_CHECK_ELSEWHERE, NAC_WARNED, NAC_ELSEWHERE);
		return;
	}
	a->d->conflict = true;
	a->d->quarantine_elsewhere = q->doc->on_conflict == NAC_ALARM_QUARANTINE;
	note(a, NAC_CHECK_ELSEWHERE, NAC_FAILED, NAC_ELSEWHERE);
}

/* Who proved its identity may look as it likes: reported, no more. */
static void check_fingerprint(struct asked *a)
{
	const struct nac_record *dev = a->d->device;
	const struct nac_question *q = a->q;
	enum nac_print_verdict verdict;

	if (!dev || !dev->fingerprint || !q->seen)
		return;
	verdict = nac_print_compare(dev->fingerprint, q->seen, &a->d->differs);
	a->d->different = verdict == NAC_PRINT_CHANGED;
	if (!a->d->different) {
		note(a, NAC_CHECK_FINGERPRINT, NAC_PASSED, NAC_OK);
		return;
	}
	note(a, NAC_CHECK_FINGERPRINT, NAC_WARNED, NAC_LOOKS_DIFFERENT);
	if (q->method == NAC_BY_MAC && q->doc->on_fingerprint == NAC_ALARM_QUARANTINE &&
		a->d->verdict == NAC_ADMIT) {
		a->c->result[NAC_CHECK_FINGERPRINT] = NAC_FAILED;
		a->d->verdict = NAC_QUARANTINE;
		a->d->reason = NAC_LOOKS_DIFFERENT;
	}
}

/* On a port with quarantine, who may not enter still learns why; but not who was thrown out. */
static bool to_notice_page(const struct asked *a)
{
	switch (a->d->reason) {
	case NAC_NO_PORT:
	case NAC_BAD_MAC:
	case NAC_GATEWAY_MAC:
	case NAC_IS_REVOKED:
	case NAC_PORT_FULL: return false;
	case NAC_ELSEWHERE: return a->d->quarantine_elsewhere;
	default: return a->port->quarantine;
	}
}

static unsigned seconds(const struct asked *a)
{
	const struct nac_record *dev = a->d->device;
	int64_t left = dev && dev->expires > a->q->now ? dev->expires - a->q->now : INT32_MAX;
	int64_t want = a->q->method == NAC_BY_DOT1X ? (int64_t)a->port->reauth + NAC_REAUTH_MARGIN
						    : (int64_t)a->port->hold;

	if (a->d->verdict == NAC_QUARANTINE)
		return NAC_QUARANTINE_SECONDS;
	return (unsigned)SK_MAX(SK_MIN(want, left), 1);
}

static void decide(struct asked *a)
{
	const struct nac_question *q = a->q;

	a->port = nac_document_port(q->doc, q->port);
	pass_or(a, NAC_CHECK_PORT, a->port != NULL, NAC_NO_PORT);
	if (!a->port)
		return;
	pass_or(a, NAC_CHECK_MAC, usable(&q->mac) && !q->gateways,
		usable(&q->mac) ? NAC_GATEWAY_MAC : NAC_BAD_MAC);
	if (a->d->verdict != NAC_ADMIT)
		return;
	find_device(a);
	check_device(a);
	check_method(a);
	check_elsewhere(a);
	check_fingerprint(a);
	if (a->d->verdict == NAC_ADMIT && a->d->device && a->d->device->state == NAC_QUARANTINED) {
		a->d->verdict = NAC_QUARANTINE;
		a->d->reason = NAC_IS_QUARANTINED;
		a->c->result[NAC_CHECK_STATE] = NAC_FAILED;
		a->c->reason[NAC_CHECK_STATE] = NAC_IS_QUARANTINED;
	}
	pass_or(a, NAC_CHECK_ROOM, q->on_port < a->port->max_devices, NAC_PORT_FULL);
	/* Counted for themselves: strangers keep nobody out. */
	if (a->d->verdict == NAC_REFUSE && to_notice_page(a) && q->confined < a->port->max_devices)
		a->d->verdict = NAC_QUARANTINE;
	if (a->d->verdict != NAC_REFUSE)
		a->d->seconds = seconds(a);
}

void nac_decide(
	const struct nac_question *q, struct nac_decision *ret, struct nac_checks *ret_checks)
{
	struct nac_checks c = {.result = {NAC_NOT_ASKED}};
	struct asked a = {.q = q, .d = ret, .c = ret_checks ? ret_checks : &c};

	*a.c = c;
	*ret = (struct nac_decision){.verdict = NAC_ADMIT, .reason = NAC_OK};
	decide(&a);
	if (ret->verdict != NAC_ADMIT)
		ret->moved = false;
}

const char *nac_verdict_name(enum nac_verdict v)
{
	return (unsigned)v < SK_ARRAY_SIZE(verdicts) ? verdicts[v] : "unknown";
}

const char *nac_reason_name(enum nac_reason r)
{
	return (unsigned)r < NAC_REASONS ? reasons[r].name : "unknown";
}

const struct sk_text *nac_reason_text(enum nac_reason r)
{
	return &reasons[(unsigned)r < NAC_REASONS ? r : NAC_OK].text;
}

const char *nac_check_name(enum nac_check_id c)
{
	return (unsigned)c < NAC_CHECKS ? checks[c].name : "unknown";
}

const struct sk_text *nac_check_text(enum nac_check_id c)
{
	return &checks[(unsigned)c < NAC_CHECKS ? c : NAC_CHECK_PORT].text;
}

const char *nac_result_name(enum nac_result r)
{
	return (unsigned)r < SK_ARRAY_SIZE(results) ? results[r] : "unknown";
}
