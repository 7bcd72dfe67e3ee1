# SPDX-License-Identifier: GPL-2.0-or-later
# Sekisho: one non-recursive Makefile. Every folder describes itself in a module.mk through the macros
# below; objects go to build/<variant>/, so variants never mix. `make help` lists the targets.

VARIANT ?= release
O ?= build
B := $(O)/$(VARIANT)

PREFIX ?= /usr
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
RUNDIR ?= /run
UNITDIR ?= $(PREFIX)/lib/systemd/system
VERSION := $(shell cat VERSION)

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
PKG_CONFIG ?= pkg-config
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# ---- flags ------------------------------------------------------------------------------------------
warn := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef \
	-Wformat=2 -Wwrite-strings -Wvla -Wno-unused-parameter -Wno-format-nonliteral
ifdef WERROR
warn += -Werror
endif
harden := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection
harden_ld := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

cflags.release := -O2 -g -D_FORTIFY_SOURCE=2
cflags.debug := -O0 -g3
cflags.asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
ldflags.asan := -fsanitize=address,undefined
cflags.cov := -O0 -g --coverage
ldflags.cov := --coverage
cflags.fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
ldflags.fuzz := -fsanitize=fuzzer,address,undefined
ifeq ($(VARIANT),fuzz)
CC := clang
endif
ifeq ($(shell uname -m),aarch64)
harden := $(filter-out -fcf-protection,$(harden)) -mbranch-protection=standard
endif

CPPFLAGS += -D_GNU_SOURCE -I. -DSK_VERSION='"$(VERSION)"' -DSK_SYSCONFDIR='"$(SYSCONFDIR)/sekisho"' \
	-DSK_STATEDIR='"$(LOCALSTATEDIR)/lib/sekisho"' -DSK_RUNDIR='"$(RUNDIR)/sekisho"' \
	-DSK_DATADIR='"$(PREFIX)/share/sekisho"' -DSK_LIBDIR='"$(PREFIX)/lib/sekisho"'
ALL_CFLAGS = -std=gnu17 $(cflags.$(VARIANT)) $(warn) $(harden) $(CFLAGS)
ALL_LDFLAGS = $(ldflags.$(VARIANT)) $(harden_ld) $(LDFLAGS)

# ---- packages: a missing one stops the build with its Debian name -------------------------------------
deb.libnftnl := libnftnl-dev
deb.libmnl := libmnl-dev
deb.libnetfilter_conntrack := libnetfilter-conntrack-dev
deb.jansson := libjansson-dev
deb.libsodium := libsodium-dev
deb.libsystemd := libsystemd-dev
deb.libseccomp := libseccomp-dev
deb.libcap-ng := libcap-ng-dev
deb.sqlite3 := libsqlite3-dev
deb.libhs := libvectorscan-dev
deb.htp := libhtp-dev
deb.libnghttp2 := libnghttp2-dev
deb.libbrotlidec := libbrotli-dev
deb.libnetfilter_queue := libnetfilter-queue-dev
deb.libpcre2-8 := libpcre2-dev
deb.libpcap := libpcap-dev
deb.gnutls := libgnutls28-dev
deb.libcurl := libcurl4-gnutls-dev
deb.libmaxminddb := libmaxminddb-dev
deb.libmicrohttpd := libmicrohttpd-dev
deb.zlib := zlib1g-dev
deb.libpsl := libpsl-dev
deb.libcrypt := libcrypt-dev
deb.freetype2 := libfreetype-dev
deb.cmocka := libcmocka-dev

# ---- macros for module.mk ----------------------------------------------------------------------------
# $(call module,NAME,DIR,SOURCES,NEEDED MODULES,PKGS): a static library $(B)/libNAME.a
# $(call program,NAME,DIR,SOURCES,NEEDED MODULES,PKGS,INSTALL DIR): an executable $(B)/NAME
# $(call unit,NAME,SOURCE,NEEDED MODULES): a cmocka test, run by `make check-unit`
# $(call fuzzer,NAME,SOURCE,NEEDED MODULES): a libFuzzer target with tests/fuzz/corpus/NAME/
# $(call tool,NAME,SOURCE,NEEDED MODULES,PKGS): a helper program for tests and benches
modules :=
programs :=
units :=
fuzzers :=
tools :=
all_srcs :=

objs = $(patsubst %.c,$(B)/obj/%.o,$(1))
# needs(MODULES): the modules and all they need, in link order
needs = $(if $(1),$(call uniq,$(1) $(call needs,$(foreach m,$(1),$(needs.$(m))))))
uniq = $(if $(1),$(call uniq,$(filter-out $(lastword $(1)),$(1))) $(lastword $(1)))
libs = $(foreach m,$(call needs,$(1)),$(B)/lib$(m).a)
pkgs = $(sort $(foreach m,$(call needs,$(1)),$(pkgs.$(m))))

define module
modules += $(1)
needs.$(1) := $(4)
pkgs.$(1) := $(5)
srcs.$(1) := $(addprefix $(2)/,$(3))
all_srcs += $(addprefix $(2)/,$(3))
$(B)/lib$(1).a: $(call objs,$(addprefix $(2)/,$(3)))
endef

define executable
srcs.$(1) := $(2)
all_srcs += $(2)
$(B)/$(1): private LINK_LIBS = $$(call libs,$(3))
$(B)/$(1): private LINK_PKGS = $(5) $$(call pkgs,$(3)) $(4)
$(B)/$(1): $(call objs,$(2)) $$$$(call libs,$(3))
endef

define program
programs += $(1)
installdir.$(1) := $(6)
$(call executable,$(1),$(addprefix $(2)/,$(3)),$(4),$(5))
endef

define unit
units += $(1)
$(call executable,test-$(1),$(2),$(3),cmocka)
endef

define fuzzer
fuzzers += $(1)
$(call executable,fuzz-$(1),$(2),$(3))
endef

define tool
tools += $(1)
$(call executable,$(1),$(2),$(3),$(4))
endef

.DEFAULT_GOAL := all
.SECONDEXPANSION:
include lib/module.mk $(sort $(wildcard fw/*/module.mk mgmt/*/module.mk ips/*/module.mk nac/*/module.mk \
	configs/module.mk image/module.mk docs/module.mk tests/*/module.mk))

all_pkgs := $(sort $(foreach m,$(modules),$(pkgs.$(m))))
no_build := $(filter deps help clean lint demo image image-deps check-image bench-image,$(MAKECMDGOALS))
ifeq ($(no_build),)
$(foreach p,$(all_pkgs),$(if $(shell $(PKG_CONFIG) --exists $(p) && echo yes),,\
	$(error missing library $(p): install the Debian package $(deb.$(p)), or run: make deps)))
ALL_CFLAGS += $(shell $(PKG_CONFIG) --cflags $(all_pkgs))
endif

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lib%.a:
	@mkdir -p $(@D)
	$(call say,AR,$@)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)

link = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
	$(if $(LINK_LIBS),-Wl$(comma)--start-group $(LINK_LIBS) -Wl$(comma)--end-group) \
	$(if $(strip $(LINK_PKGS)),$(shell $(PKG_CONFIG) --libs $(LINK_PKGS))) -lpthread
comma := ,

$(addprefix $(B)/,$(programs) $(tools) $(addprefix test-,$(units))):
	$(call say,LD,$@)$(link)
# A fuzz target built without libFuzzer replays the files named on its command line.
$(addprefix $(B)/fuzz-,$(fuzzers)): $(if $(filter fuzz,$(VARIANT)),,$(call objs,tests/fuzz/replay.c))
	$(call say,LD,$@)$(link)

-include $(patsubst %.c,$(B)/obj/%.d,$(sort $(all_srcs) tests/fuzz/replay.c))

# ---- targets -----------------------------------------------------------------------------------------
.PHONY: all deps check check-unit check-fuzz check-netns bench fuzz lint cov install demo help clean tools \
	image image-deps check-image bench-image

all: $(addprefix $(B)/,$(programs)) docs-generated ## build the daemons and the command line

tools: $(addprefix $(B)/,$(tools))

deps: ## install what building and testing needs (Debian 12 or 13, as root)
	.ci/deps

# One after the other also under -j: they share objects, and network tests have deadlines.
check: ## all tests
	$(Q)status=0; for t in check-unit check-fuzz check-netns; do \
		$(MAKE) --no-print-directory $$t || status=1; \
	done; exit $$status

check-unit: ## unit tests, under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory VARIANT=asan unit-binaries
	$(Q)tests/run-units $(O)/asan $(if $(T),$(T),$(units))

check-fuzz: ## replay every committed fuzz corpus under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory VARIANT=asan fuzz-binaries
	$(Q)tests/run-corpora $(O)/asan $(fuzzers)

.PHONY: unit-binaries fuzz-binaries
unit-binaries: $(addprefix $(B)/test-,$(if $(T),$(T),$(units)))
fuzz-binaries: $(addprefix $(B)/fuzz-,$(fuzzers))

check-netns: all tools ## real traffic through the gateway in network namespaces (as root)
	$(Q)tests/netns/run $(T)

bench: all tools ## measure, and print ratios against baselines of the same run (as root)
	$(Q)tests/bench/run $(T)

FUZZ_SECONDS ?= 60
fuzz: ## fuzz every target for FUZZ_SECONDS each
	$(Q)$(MAKE) --no-print-directory VARIANT=fuzz fuzz-binaries
	$(Q)tests/run-fuzz $(O)/fuzz $(FUZZ_SECONDS) $(if $(T),$(T),$(fuzzers))

lint: ## layering, style, shell and static checks
	$(Q)tests/lint/run

cov: ## line coverage of the unit tests
	$(Q)$(MAKE) --no-print-directory VARIANT=cov unit-binaries
	$(Q)tests/run-units $(O)/cov $(units)
	$(Q)tests/cov-report $(O)/cov

demo: deps ## install what is needed, build, and show the whole product in network namespaces (as root)
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)tests/netns/demo && tests/netns/demo-admission

image: ## the bootable gateway and its update, in build/image (as root; make image-deps first)
	$(Q)image/build

image-deps: ## install what building and testing the image needs (as root)
	.ci/deps image

check-image: ## boot the image in QEMU and try it (as root; T=all: also what takes long)
	$(Q)tests/image/run $(T)

bench-image: ## sizes and times of the image (as root)
	$(Q)tests/image/bench

install: all install-files ## install under DESTDIR
	$(foreach p,$(programs),install -D -m 0755 $(B)/$(p) $(DESTDIR)$(installdir.$(p))/$(p);)

.PHONY: install-files docs-generated
install-files docs-generated:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

clean: ## remove build/
	rm -rf $(O)
