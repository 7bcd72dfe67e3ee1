/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of HTTP/1, by the names rules use after "http.", and how libhtp's messages and flags
 * become events.
 */
#ifndef IPS_PROTO_HTTP_EVENT_H
#define IPS_PROTO_HTTP_EVENT_H

#include "ips/packet/packet.h"

#define HTTP_EVENTS(X)                                                                             \
	X(UNKNOWN_ERROR, "unknown_error")                                                          \
	X(GZIP, "gzip_decompression_failed")                                                       \
	X(REQ_NO_COLON, "request_field_missing_colon")                                             \
	X(RES_NO_COLON, "response_field_missing_colon")                                            \
	X(REQ_CHUNK_LEN, "invalid_request_chunk_len")                                              \
	X(RES_CHUNK_LEN, "invalid_response_chunk_len")                                             \
	X(REQ_TE, "invalid_transfer_encoding_value_in_request")                                    \
	X(RES_TE, "invalid_transfer_encoding_value_in_response")                                   \
	X(REQ_CL, "invalid_content_length_field_in_request")                                       \
	X(RES_CL, "invalid_content_length_field_in_response")                                      \
	X(REQ_CL_TWICE, "duplicate_content_length_field_in_request")                               \
	X(RES_CL_TWICE, "duplicate_content_length_field_in_response")                              \
	X(CONTINUE_TWICE, "100_continue_already_seen")                                             \
	X(NO_REQUEST, "unable_to_match_response_to_request")                                       \
	X(SERVER_PORT, "invalid_server_port_in_request")                                           \
	X(AUTHORITY_PORT, "invalid_authority_port")                                                \
	X(REQ_HEADER, "request_header_invalid")                                                    \
	X(RES_HEADER, "response_header_invalid")                                                   \
	X(NO_HOST, "missing_host_header")                                                          \
	X(TWO_HOSTS, "host_header_ambiguous")                                                      \
	X(REQ_FOLDING, "invalid_request_field_folding")                                            \
	X(RES_FOLDING, "invalid_response_field_folding")                                           \
	X(REQ_LONG, "request_field_too_long")                                                      \
	X(RES_LONG, "response_field_too_long")                                                     \
	X(REQ_LINE, "request_line_invalid")                                                        \
	X(REQ_BODY, "request_body_unexpected")                                                     \
	X(PORT_DIFFERS, "request_server_port_tcp_port_mismatch")                                   \
	X(URI_HOST, "request_uri_host_invalid")                                                    \
	X(HEADER_HOST, "request_header_host_invalid")                                              \
	X(AUTH, "request_auth_unrecognized")                                                       \
	X(REQ_REPEAT, "request_header_repetition")                                                 \
	X(RES_REPEAT, "response_header_repetition")                                                \
	X(DOUBLE_URI, "double_encoded_uri")                                                        \
	X(URI_DELIM, "uri_delim_non_compliant")                                                    \
	X(METHOD_DELIM, "method_delim_non_compliant")                                              \
	X(LEADING_SPACE, "request_line_leading_whitespace")                                        \
	X(LAYERS, "too_many_encoding_layers")                                                      \
	X(CE, "abnormal_ce_header")                                                                \
	X(BYTERANGES, "response_multipart_byteranges")                                             \
	X(RES_TE_ODD, "response_abnormal_transfer_encoding")                                       \
	X(CHUNKED_OLD, "response_chunked_old_proto")                                               \
	X(RES_PROTO, "response_invalid_protocol")                                                  \
	X(RES_STATUS, "response_invalid_status")                                                   \
	X(REQ_LINE_CUT, "request_line_incomplete")                                                 \
	X(LZMA, "lzma_memlimit_reached")                                                           \
	X(BOMB, "compression_bomb")                                                                \
	X(RANGE, "range_invalid")                                                                  \
	X(CHUNK_EXT, "request_chunk_extension")                                                    \
	X(NO_PROTO, "request_line_missing_protocol")                                               \
	X(REQ_HEADERS, "request_too_many_headers")                                                 \
	X(RES_HEADERS, "response_too_many_headers")                                                \
	X(PART_ERROR, "multipart_generic_error")                                                   \
	X(PART_EMPTY, "multipart_no_filedata")                                                     \
	X(PART_HEADER, "multipart_invalid_header")                                                 \
	X(FILE_NAME, "file_name_too_long")                                                         \
	X(WARNINGS, "too_many_warnings")                                                           \
	X(CHANGE, "failed_protocol_change")

enum http_event {
#define X(id, name) HTTP_EV_##id,
	HTTP_EVENTS(X)
#undef X
		HTTP_EV_COUNT
};

extern const char *const http_events[HTTP_EV_COUNT + 1];

/* After this many messages of one connection no more are looked at. */
#define HTTP_MESSAGES_MAX 512

/* HTTP_EV_COUNT: none; that is so for a gap, an unknown method, two headers of one name… */
enum http_event http_event_of_message(const char *msg);
struct http_tx;
struct ips_http;
/* Events told by libhtp's flags of the request. */
void http_event_flags(struct http_tx *tx);
/* Events told by libhtp's messages that are new since the last call. */
void http_event_messages(struct ips_http *h, enum ips_dir dir);

#endif
