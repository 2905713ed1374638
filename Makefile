# Every build, test and install target. Sources are found by wildcard;
# what differs between targets is in toolchains/TARGET.mk.
#
#	sh toolchains/setup make check		on a fresh machine
#	make help				the targets
#
# Everything made is under $(B): the native program in $(B)/postern, others
# in $(B)/TARGET/postern, with symbols in $(B)/TARGET/postern.sym.

B ?= build
T ?= 60
TARGET ?= $(NATIVE)
PREFIX ?= /usr/local
# Debian's own Python: the one that Debian's Python packages belong to.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
JOBS ?= $(shell nproc)

ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(JOBS)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

Q := $(if $(V),,@)
say = $(if $(V),,@printf '%-6s %s\n' $1 $@)

.PHONY: all
#: all          the program for this machine: build/postern (default)
all: $(B)/postern

include toolchains/x86_64.mk toolchains/aarch64.mk toolchains/mips-sf.mk \
	toolchains/asan.mk toolchains/fuzz.mk

NATIVE := $(shell uname -m)
CROSS := $(filter-out $(NATIVE),$(MUSL))
SIZE_MAX_KIB := 400

# --- sources ----------------------------------------------------------------

MAIN := src/main.c
SRC := $(filter-out $(MAIN),$(wildcard src/*.c)) $(wildcard cdb/*.c)
PORT := $(wildcard port/*.c)
SIM := $(wildcard tests/sim/*.c)
UNIT := $(wildcard tests/unit/*_test.c)
FUZZ := $(wildcard tests/fuzz/*_fuzz.c)
FUZZ_HELP := $(filter-out $(FUZZ),$(wildcard tests/fuzz/*.c))

# objs TARGET SOURCES
objs = $(patsubst %.c,$(B)/$1/%.o,$(filter-out $(SKIP.$1),$2))
libs = $(B)/$1/libbearssl.a $(B)/$1/libcdb.a

# --- compiler flags ---------------------------------------------------------

# Without _GNU_SOURCE, src/ and cdb/ see only what ISO C has: the system is
# the port's affair.
LANG_FLAGS = -std=c11 -iquote include \
	-isystem $(B)/src/bearssl/inc -isystem $(B)/src/tinycdb \
	-iquote $(B)/date -iquote $(B)/packed \
	$(if $(filter port/% tests/%,$<),-D_GNU_SOURCE -iquote $(<D))
# libFuzzer calls the harnesses by a name that no header declares. clang
# wants format attributes even on what passes a va_list on; gcc watches.
WARN_MORE = $(if $(filter tests/%,$<),-Wno-missing-prototypes)
WARN_FLAGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition \
	-Wvla -Wwrite-strings -Wcast-qual -Wpointer-arith -Wundef \
	-Wformat=2 -Wimplicit-fallthrough -Wdouble-promotion

$(foreach t,$(MUSL),$(eval CC.$t := $(TRIPLE.$t)-gcc))
$(foreach t,$(MUSL),$(eval AR.$t := $(TRIPLE.$t)-gcc-ar))
$(foreach t,$(HOSTED),$(eval AR.$t := ar))

# The compiler's own headers; asked once, and only if something is compiled.
own_headers = $(or $(HEADERS.$1),$(eval HEADERS.$1 := \
	$$(shell $(CC.$1) -print-file-name=include))$(HEADERS.$1))

# cc TARGET - the compiler with the flags that the libraries get, too
cc = $(CC.$1) $(ABI.$1) $(if $(TRIPLE.$1),-nostdinc \
	-isystem $(abspath $(B))/$1/sysroot/include \
	-isystem $(call own_headers,$1) $(MUSL_CFLAGS)) \
	$(CFLAGS.$1)
# Hidden: nothing is looked up at run time, and MIPS code gets shorter. Inlining
# a function into its only caller costs 3 KiB in registers saved and restored,
# and makes frames of rare errors parts of the frame of what always runs.
# A process's stack is part of its budget.
FRAME_MAX := 16384
MUSL_CFLAGS := -Oz -g -fPIE -ffunction-sections -fdata-sections \
	-fvisibility=hidden -fno-asynchronous-unwind-tables \
	-fno-inline-functions-called-once

# Where lookups in compiled tables spend their time: for speed.
HOT := cdb/table_cdb.c cdb/table.c src/base_buf.c
# Arithmetics, with arrays of one length each: guards would be a part of its time.
NUMBERS := $(wildcard src/tls_wide*.c)

# Every function with an array, or that passes a local's address, has a canary:
# 22 KiB. The plain form looks for arrays of char, and optimized as a whole the
# program has a char of another name: hardly any function had one.
#
# Of what -Oz does, these passes trade size for time after all, 7 KiB in all;
# the options without -fno- make code shorter. Without the passes gcc sees fewer
# values that are always set: the build with sanitizers watches for those.
GUARDED := -fstack-protector-strong
OWN_CFLAGS := \
	-fira-region=one -fipa-pta -fsplit-wide-types-early \
	-Wno-maybe-uninitialized \
	$(addprefix -fno-,caller-saves code-hoisting ipa-sra \
	move-loop-invariants optimize-sibling-calls partial-inlining \
	shrink-wrap thread-jumps tree-dominator-opts tree-loop-im tree-pre \
	tree-sra tree-switch-conversion)

# Our own code and BearSSL are optimized as a whole when they are linked, which
# saves some 3 %. The objects hold machine code as well, for those who look
# into them.
LTO := -flto -ffat-lto-objects

# Debian's cross compilers know no -static-pie, so it is spelled out. musl
# does not make relocated data read-only in one, so room for that is waste.
link = $(CC.$1) $(ABI.$1) $(MUSL_CFLAGS) $(OWN_CFLAGS) -flto=1 -flto-partition=one \
	-nostdlib -static -Wl,-pie \
	-Wl,--no-dynamic-linker -Wl,-z,text -Wl,-z,noexecstack \
	-Wl,-z,noseparate-code -Wl,-z,norelro \
	-Wl,--gc-sections -Wl,--build-id=none $(LDFLAGS.$1) \
	-L$(B)/$1/sysroot/lib $(B)/$1/sysroot/lib/rcrt1.o \
	$(B)/$1/sysroot/lib/crti.o

# --- date -------------------------------------------------------------------

# Of the sources and not of the build, so that builds repeat to the octet.
BUILT := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>&-), \
	$(shell date -r Makefile +%s))

.PHONY: date
$(B)/date/built.h: date
	$(Q)mkdir -p $(@D)
	$(Q)echo '#define BUILT_UNIX_S $(strip $(BUILT))' >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# --- packed texts -----------------------------------------------------------

# The tables of include/*.def as packed octets; made by a program that runs
# here, for whatever target.
PACKED := $(patsubst %,$(B)/packed/%_rows.h,param applet)

$(B)/packed/pack: toolchains/pack.c include/param.def \
		include/applet.def
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC.$(NATIVE)) -std=c11 -O1 $(WARN_FLAGS) -iquote include -o $@ $<

$(B)/packed/%_rows.h: $(B)/packed/pack
	$(Q)$< $* >$@

# --- libraries --------------------------------------------------------------

MUSL_TAR := $(B)/deps/musl_1.2.3.orig.tar.gz
BEARSSL_TAR := $(B)/deps/bearssl_0.6+dfsg.1.orig.tar.xz
CDB_TAR := $(B)/deps/tinycdb_0.78.tar.gz
CDB_PARTS := find findnext hash init make make_add make_put seek seq unpack

$(MUSL_TAR) $(BEARSSL_TAR) $(CDB_TAR) &:
	$(Q)POSTERN_BUILD=$(abspath $(B)) sh toolchains/setup -n
	$(Q)touch $(MUSL_TAR) $(BEARSSL_TAR) $(CDB_TAR)

# unpack NAME, TARBALL: with our fixes, if any: toolchains/NAME-*.patch
define unpack
$(B)/src/$1.done: $2 $(wildcard toolchains/$1-*.patch)
	$$(call say,UNPACK)
	$$(Q)rm -rf $(B)/src/$1 && mkdir -p $(B)/src/$1
	$$(Q)tar -C $(B)/src/$1 --strip-components=1 -xf $$<
	$$(Q)for p in $$(filter %.patch,$$^); do \
		patch -s -p1 -d $(B)/src/$1 <$$$$p || exit; done
	$$(Q)touch $$@
endef
$(eval $(call unpack,musl,$(MUSL_TAR)))
$(eval $(call unpack,bearssl,$(BEARSSL_TAR)))
$(eval $(call unpack,tinycdb,$(CDB_TAR)))

# musl_rules TARGET: C library, kernel headers; then its programs
define musl_rules
$(B)/$1/sysroot.done: $(B)/src/musl.done toolchains/$1.mk
	$$(call say,MUSL)
	$$(Q)command -v $(CC.$1) >/dev/null || { echo "$(CC.$1) is missing:" \
		"sh toolchains/setup -g all make ..." >&2; exit 1; }
	$$(Q)rm -rf $(B)/$1/sysroot $(B)/$1/musl && mkdir -p $(B)/$1/musl
	$$(Q)cd $(B)/$1/musl && exec >log 2>&1 && \
		$(abspath $(B))/src/musl/configure --disable-shared \
		--prefix=$(abspath $(B))/$1/sysroot --target=$(TRIPLE.$1) \
		--disable-wrapper CROSS_COMPILE=$(TRIPLE.$1)- \
		CC="$(CC.$1) $(ABI.$1)" CFLAGS=-Oz
	+$$(Q)$$(MAKE) -s -C $(B)/$1/musl install >>$(B)/$1/musl/log 2>&1 || \
		{ tail $(B)/$1/musl/log >&2; exit 1; }
	$$(Q)from=/usr/$(TRIPLE.$1)/include; \
		[ -d $$$$from/linux ] || from=/usr/include; \
		asm=/usr/include/$(TRIPLE.$1)/asm; \
		[ -d $$$$asm ] || asm=$$$$from/asm; \
		cp -RL $$$$from/linux $$$$from/asm-generic $$$$asm \
			$(B)/$1/sysroot/include/
	$$(Q)rm -rf $(B)/$1/musl && touch $$@

$(B)/$1/postern.sym: $$(call objs,$1,$(MAIN) $(SRC) $(PORT)) $(call libs,$1)
	$$(call say,LINK)
	$$(Q)$$(call link,$1) -o $$@ $$^ -Wl,--start-group -lc -lgcc \
		-Wl,--end-group $(B)/$1/sysroot/lib/crtn.o 2>$$@.log || \
		{ sed '$(QUIET.$1)' $$@.log >&2; exit 1; }
	$$(Q)sed '$(QUIET.$1)' $$@.log >&2; sed '$(QUIET.$1)' $$@.log | \
		{ ! grep -q .; }
	$$(Q)sh toolchains/linked $(TRIPLE.$1)- $$@

$(B)/$1/postern: $(B)/$1/postern.sym
	$$(call say,STRIP)
	$$(Q)$(TRIPLE.$1)-strip -R .comment -o $$@ $$<
	$$(Q)sh toolchains/shear $(TRIPLE.$1)- $$@
endef
$(foreach t,$(MUSL),$(eval $(call musl_rules,$t)))

# No seed, random octets or time of BearSSL's own finding: it gets what the port
# gave us, or fails.
BEARSSL_CFLAGS := -DBR_USE_URANDOM=0 -DBR_RDRAND=0 -DBR_USE_UNIX_TIME=0
# It writes words of 64 bits and reads them as words of 32: optimized as a whole,
# the length that ends what MD5 hashes was never written.
BEARSSL_CFLAGS += -fno-strict-aliasing

bearssl_flags = $(call cc_flags,$1) $(LIBCFLAGS.$1) \
	$(if $(TRIPLE.$1),$(LTO)) $(BEARSSL_CFLAGS)

.PHONY: flags
# target_rules TARGET: the libraries of every target, and any object. BearSSL's
# own objects know neither their flags nor our patches, so they go first.
define target_rules
$(B)/$1/bearssl.flags: flags
	$$(Q)mkdir -p $$(@D)
	$$(Q)echo '$$(CC.$1) $$(call bearssl_flags,$1)' >$$@.new
	$$(Q)cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@

$(B)/$1/libbearssl.a: $(B)/src/bearssl.done $(B)/$1/bearssl.flags \
		$(if $(TRIPLE.$1),$(B)/$1/sysroot.done)
	$$(call say,AR)
	$$(Q)rm -rf $(B)/$1/bearssl && mkdir -p $$(@D)
	+$$(Q)$$(MAKE) -s -C $(B)/src/bearssl lib CONF=Unix \
		BUILD=$(abspath $(B))/$1/bearssl AR=$(AR.$1) \
		CC='$(CC.$1)' CFLAGS='$$(call bearssl_flags,$1)' \
		>$(B)/$1/bearssl.log 2>&1 || \
		{ tail $(B)/$1/bearssl.log >&2; exit 1; }
	$$(Q)cp $(B)/$1/bearssl/libbearssl.a $$@

$(B)/$1/libcdb.a: $(B)/src/tinycdb.done toolchains/$1.mk \
		$(if $(TRIPLE.$1),$(B)/$1/sysroot.done)
	$$(call say,AR)
	$$(Q)rm -rf $$@ $(B)/$1/cdb.tmp && mkdir -p $(B)/$1/cdb.tmp
	$$(Q)for p in $(CDB_PARTS); do $$(call cc,$1) -c \
		-o $(B)/$1/cdb.tmp/$$$$p.o $(B)/src/tinycdb/cdb_$$$$p.c || \
		exit; done
	$$(Q)$(AR.$1) rcs $$@ $(B)/$1/cdb.tmp/*.o && rm -r $(B)/$1/cdb.tmp

$(B)/$1/%.o: %.c Makefile toolchains/$1.mk | $(B)/src/bearssl.done \
		$(B)/src/tinycdb.done $(B)/date/built.h $(PACKED) \
		$(if $(TRIPLE.$1),$(B)/$1/sysroot.done)
	$$(call say,CC)
	@mkdir -p $$(@D)
	$$(Q)$$(call cc,$1) $$(LANG_FLAGS) $$(WARN_FLAGS) $$(WARN_MORE) \
		$(if $(TRIPLE.$1),-Wframe-larger-than=$(FRAME_MAX) \
		$$(if $$(filter $(HOT),$$<),-O2,$(OWN_CFLAGS)) \
		$$(if $$(filter $(HOT) $(NUMBERS),$$<),,$(GUARDED)) \
		$(LTO), -Wno-format-nonliteral) \
		-MMD -MP -c -o $$@ $$<
endef
cc_flags = $(wordlist 2,99,$(call cc,$1))
$(foreach t,$(MUSL) $(HOSTED),$(eval $(call target_rules,$t)))

-include $(wildcard $(foreach t,$(MUSL) $(HOSTED),$(foreach d, \
	src cdb port tests/sim tests/unit tests/fuzz tests/pkits,$(B)/$t/$d/*.d)))

$(B)/postern: $(B)/$(NATIVE)/postern
	$(Q)cp $< $@.new && mv $@.new $@

# --- tests ------------------------------------------------------------------

# A test of the port gets the port, every other one the simulator. Archives,
# so that a test is linked with the modules it needs and no others.
define archive_rules
$(B)/$1/libsrc.a: $(call objs,$1,$(SRC))
$(B)/$1/libport.a: $(call objs,$1,$(PORT))
$(B)/$1/libsim.a: $(call objs,$1,$(SIM))
$(B)/$1/libsrc.a $(B)/$1/libport.a $(B)/$1/libsim.a:
	$$(call say,AR)
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && $(AR.$1) rcs $$@ $$^
endef
$(foreach t,$(HOSTED),$(eval $(call archive_rules,$t)))
test_libs = $(B)/$1/libsrc.a $(B)/$1/$(if \
	$(filter port_%,$(notdir $2)),libport.a,libsim.a) $(call libs,$1)
together = -Wl,--start-group $1 -Wl,--end-group

UNIT_PROGRAMS := $(UNIT:%.c=$(B)/asan/%)
define unit_rule
$(B)/asan/$(1:.c=): $(B)/asan/$(1:.c=.o) $(call test_libs,asan,$1)
	$$(call say,LINK)
	$$(Q)$$(call cc,asan) -o $$@ $$(call together,$$^) -lcmocka
endef
$(foreach u,$(UNIT),$(eval $(call unit_rule,$u)))

# Chains of certificates out of files.
$(B)/asan/tests/pkits/walk: $(B)/asan/tests/pkits/walk.o \
		$(call test_libs,asan,walk)
	$(call say,LINK)
	$(Q)$(call cc,asan) -o $@ $(call together,$^) -lcmocka

# The program itself with sanitizers, on glibc.
$(B)/asan/postern: $(call objs,asan,$(MAIN) $(SRC) $(PORT)) $(call libs,asan)
	$(call say,LINK)
	$(Q)$(call cc,asan) -o $@ $^

# What several harnesses share is an archive, too: one that brings its own
# calls of the port must not get the simulator's.
$(B)/fuzz/libhelp.a: $(call objs,fuzz,$(FUZZ_HELP))
	$(call say,AR)
	$(Q)rm -f $@ && $(AR.fuzz) rcs $@ $^

FUZZ_PROGRAMS := $(FUZZ:%.c=$(B)/fuzz/%)
$(FUZZ_PROGRAMS): %: %.o $(B)/fuzz/libhelp.a $(call test_libs,fuzz)
	$(call say,LINK)
	$(Q)$(call cc,fuzz) -fsanitize=fuzzer -o $@ $(call together,$^) \
		-lcmocka

# part FILE, COMMAND: the command if the file is there, else a word about it
part = $(if $(wildcard $1),"$(strip $2)","echo $1: not there yet")

unit_part = $(if $(UNIT),"sh toolchains/unit $(UNIT_PROGRAMS)", \
	"echo tests/unit: not there yet")
conformance_part = $(call part,tests/conformance/check.py, \
	$(PYTHON) tests/conformance/check.py $(B)/postern)
apps_part = $(call part,tests/apps/run.py, \
	$(PYTHON) tests/apps/run.py $(B)/postern)
tidy_part = "$(PYTHON) tests/tidy $(B) $(NATIVE)"
cross_part = $(foreach t,$(CROSS),$(call part,tests/conformance/cross, \
	$(PYTHON) tests/conformance/run.py -q -j $(JOBS) \
	'$(RUN.$t) $(abspath $(B)/$t/postern)' \
	\$$(sed 's/#.*//' tests/conformance/cross)))
pkits_part = "$(PYTHON) tests/pkits/run.py $(B)/asan/tests/pkits/walk"
live_part = $(call part,tests/live/run.py, \
	$(PYTHON) tests/live/run.py $(B)/postern) \
	$(call part,tests/live/tables.py, \
	$(PYTHON) tests/live/tables.py $(B)/postern)

.PHONY: check unit conformance tidy check-cross check-live check-asan pkits
#: check        all that needs no root and no outside network
check: all $(UNIT_PROGRAMS)
	$(Q)sh toolchains/sum $(unit_part) $(apps_part) $(tidy_part) \
		$(conformance_part)

#: unit         unit tests alone, with sanitizers, in the simulator
unit: $(UNIT_PROGRAMS)
	$(Q)sh toolchains/sum $(unit_part)

#: conformance  does it do what Postfix does?
conformance: all
	$(Q)sh toolchains/sum $(conformance_part)

#: tidy         the house rules, cppcheck, clang-tidy
tidy: all
	$(Q)sh toolchains/sum $(tidy_part)

#: check-cross  conformance of the other targets, under qemu
check-cross: $(CROSS:%=$(B)/%/postern)
	$(Q)sh toolchains/sum $(cross_part)

#: check-live   real mail servers, each in a namespace of its own; PKITS
check-live: all $(B)/asan/tests/pkits/walk
	$(Q)sh toolchains/sum $(pkits_part) $(live_part)

#: pkits        NIST's certificate path cases alone
pkits: $(B)/asan/tests/pkits/walk
	$(Q)sh toolchains/sum $(pkits_part)

#: check-asan   the conformance kit against a sanitizer build
check-asan: $(B)/asan/postern
	$(Q)$(PYTHON) tests/conformance/check.py $<

.PHONY: demo bench bite size fuzz
#: demo         deliver a message to a loopback server, show the dialogue
demo: all
	$(Q)sh tests/demo $(B)/postern

#: bench        memory and speed, beside other programs; PART=queue: that alone
bench: all
	$(Q)$(PYTHON) tests/bench/run.py $(B)/postern $(PART)

#: bite         does a test notice each of these faults?
bite: all
	$(Q)$(PYTHON) tests/bite/run.py

#: size         stripped sizes; fails above the budget
size: $(foreach t,$(MUSL),$(if $(shell command -v $(CC.$t)),$(B)/$t/postern))
	$(Q)sh toolchains/size $(SIZE_MAX_KIB) $^

#: fuzz         every parser for T seconds, and the lines reached
fuzz: $(FUZZ_PROGRAMS)
	$(Q)$(PYTHON) toolchains/fuzz $(T) $(B) $(FUZZ)

# --- the rest ---------------------------------------------------------------

.PHONY: install clean distclean help
SBIN = $(DESTDIR)$(PREFIX)/sbin
#: install      program and links into DESTDIR PREFIX/sbin
install: $(B)/postern $(B)/$(TARGET)/postern
	$(Q)install -d $(SBIN)
	$(Q)install -m 755 $(B)/$(TARGET)/postern $(SBIN)/postern
	$(Q)for name in $$($(B)/postern --list | awk '{ print $$1 }'); do \
		ln -sf postern $(SBIN)/$$name || exit; done

# What was fetched stays: archives, package lists, unpacked mail servers.
#: clean        remove what was built; keep what was fetched
clean:
	$(Q)rm -rf $(filter-out $(B)/deps $(B)/apt $(B)/live, \
		$(wildcard $(B)/*))

#: distclean    remove all of build/
distclean:
	$(Q)rm -rf $(B)

#: help         this list
help:
	@sed -n 's/^#: //p' Makefile | sort
