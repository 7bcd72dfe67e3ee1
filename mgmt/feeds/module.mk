# SPDX-License-Identifier: GPL-2.0-or-later
# mg-feeds is pure; what speaks to the network lies in fetch/ and is only in sekisho-feed.
$(eval $(call module,mg-feeds,mgmt/feeds,definition.c list.c list_write.c parse.c parse_line.c \
	parse_csv.c parse_json.c parse_stix.c parse_rpz.c unpack.c verify.c,sk,libsodium zlib))
# How the file of API keys reads: also for who writes it.
$(eval $(call module,mg-fetch-secrets,mgmt/feeds/fetch,secrets.c,sk,))
$(eval $(call module,mg-fetch,mgmt/feeds/fetch,http.c local.c confine.c request.c,mg-fetch-secrets mg-feeds sk,libcurl))
$(eval $(call program,sekisho-feed,mgmt/feeds/fetch,main.c,mg-fetch,,$(PREFIX)/sbin))
# Which names are nobody's alone: also for what people type.
$(eval $(call module,mg-suffix,mgmt/feeds,suffix.c,,libpsl))
# What mgmtd does with lists before they are used.
$(eval $(call module,mg-lists,mgmt/feeds,merge.c check.c allowed.c,mg-feeds mg-suffix sk,))
