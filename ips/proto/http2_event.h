/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of HTTP/2, by the names rules use after "http2.". */
#ifndef IPS_PROTO_HTTP2_EVENT_H
#define IPS_PROTO_HTTP2_EVENT_H

#define H2_EVENTS(X)                                                                               \
	X(FRAME_HEADER, "invalid_frame_header")                                                    \
	X(MAGIC, "invalid_client_magic")                                                           \
	X(FRAME_DATA, "invalid_frame_data")                                                        \
	X(HEADER, "invalid_header")                                                                \
	X(FRAME_LENGTH, "invalid_frame_length")                                                    \
	X(EXTRA_HEADER, "extra_header_data")                                                       \
	X(LONG_FRAME, "long_frame_data")                                                           \
	X(REUSE, "stream_id_reuse")                                                                \
	X(HTTP1_SETTINGS, "invalid_http1_settings")                                                \
	X(UNPACK, "failed_decompression")                                                          \
	X(RANGE, "invalid_range")                                                                  \
	X(INTEGER, "header_integer_overflow")                                                      \
	X(STREAMS, "too_many_streams")                                                             \
	X(HOST_DIFFERS, "authority_host_mismatch")                                                 \
	X(USERINFO, "userinfo_in_uri")                                                             \
	X(REASSEMBLY, "reassembly_limit_reached")                                                  \
	X(DATA_ZERO, "data_stream_zero")                                                           \
	X(FRAMES, "too_many_frames")
enum h2_event {
#define X(id, name) H2_EV_##id,
	H2_EVENTS(X)
#undef X
		H2_EV_COUNT
};

#endif
