/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much the gate lets through of devices that nobody admitted, and how much it tells of them. */
#ifndef FW_NFT_GATE_LIMITS_H
#define FW_NFT_GATE_LIMITS_H

/* Limits, and why they are what they are: docs/kernel.md. */
#define FW_GATE_EAPOL_RATE 20u /* frames a second of one device that is not admitted */
#define FW_GATE_EAPOL_BURST 40u
#define FW_GATE_EAPOL_NEW 10u /* new ones a second at a port, of those nobody registered */
#define FW_GATE_EAPOL_NEW_BURST 20u
#define FW_GATE_EAPOL_SOURCES 64u /* at a time at a port */
#define FW_GATE_EAPOL_SECONDS 30u /* of quiet, after which a place is free */
#define FW_GATE_REPORT_RATE 50u   /* new reports a second at a port */
#define FW_GATE_REPORT_BURST 100u
#define FW_GATE_SEEN_SECONDS 30u
#define FW_GATE_SEEN_MAX 65536u

#endif
