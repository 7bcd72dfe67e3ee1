/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The passive sensor (nac/discover) within nacd: its networks from the document, its question who
 * is admitted, its observations as events. All functions accept NULL: no sensor.
 */
#ifndef NAC_NACD_SENSOR_H
#define NAC_NACD_SENSOR_H

#include "nac/nacd/parts.h"

int nacd_sensor_new(struct nacd_sensor **ret, struct nacd *d, struct sk_err *err);
void nacd_sensor_free(struct nacd_sensor *s);
/* The document's networks from now on. */
int nacd_sensor_apply(struct nacd_sensor *s, struct nacd *d, struct sk_err *err);
/* Somebody's admission changed; NULL: everybody's may have. */
void nacd_sensor_recheck(struct nacd_sensor *s, const struct nac_mac *mac);
/* What the device looks like, on whichever network it was seen. */
bool nacd_sensor_print(struct nacd_sensor *s, const struct nac_mac *mac, struct nac_print *ret);
/* A reported frame of somebody outside the gate: its address is noted in the sight. */
void nacd_sensor_frame(struct nacd *d, const char *port, const struct nac_mac *mac,
	const json_t *frame, struct nacd_sight *sight);
/* vendor, addresses, hostname, dhcp, fingerprint into o, as far as known. */
void nacd_sensor_describe(struct nacd_sensor *s, const struct nac_mac *mac, json_t *o);
/* Every device on the sensor's networks. */
void nacd_sensor_each(struct nacd_sensor *s,
	void (*fn)(const char *ifname, const struct nac_mac *mac, int64_t first, int64_t last,
		void *arg),
	void *arg);
json_t *nacd_sensor_status(struct nacd_sensor *s);

#endif
