# wixum: build, try, test, install. `make help` lists what there is.

LUA_VERSION ?= 5.4
LUA         ?= lua$(LUA_VERSION)
CFLAGS      ?= -O2 -g -D_FORTIFY_SOURCE=2
PREFIX      ?= /usr/local
BINDIR      ?= $(PREFIX)/bin
LUADIR      ?= $(PREFIX)/share/lua/$(LUA_VERSION)
LIBDIR      ?= $(PREFIX)/lib/lua/$(LUA_VERSION)
INSTALL     ?= install
PKG_CONFIG  ?= pkg-config

# Where a build goes. Builds with other flags (sanitizers, lint) have folders of their own below it.
BUILD       ?= build

abi   := $(subst .,_,$(LUA_VERSION))

# ---- What this machine has -------------------------------------------------------------------------------------------
# Asked while this file is read, and again by the make that `demo` and `test` start when they have installed things.

ask = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
ask_lua = $(or $(call ask,$(1) lua$(LUA_VERSION)),$(call ask,$(1) lua-$(LUA_VERSION)))

CURL_CFLAGS := $(call ask,--cflags libcurl)
CURL_LIBS   := $(or $(call ask,--libs libcurl),-lcurl)

ifdef LUA_INCDIR
LUA_CFLAGS := -I"$(LUA_INCDIR)"
else
LUA_CFLAGS := $(or $(call ask_lua,--cflags),-I/usr/include/lua$(LUA_VERSION))
endif
LUA_LIBS := $(or $(call ask_lua,--libs),-llua$(LUA_VERSION))

# The sandbox's web server is optional: without it everything else is built.
MHD_FOUND  := $(or $(call ask,--modversion libmicrohttpd),$(wildcard /usr/include/microhttpd.h))
MHD_CFLAGS := $(call ask,--cflags libmicrohttpd)
MHD_LIBS   := $(or $(call ask,--libs libmicrohttpd),-lmicrohttpd)

# ---- How it is compiled ----------------------------------------------------------------------------------------------

VERSION := $(shell sed -n 's/^return "\(.*\)"$$/\1/p' lua/wixum/version.lua)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wformat=2 -Wundef -Wvla \
  -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
# What the person who builds says (CPPFLAGS, CFLAGS, LDFLAGS) comes last and wins.
# -fno-plt: most of what is called is in other objects (Lua, libcurl), bound when the module is loaded (-z now).
COMPILE = $(CC) -std=c11 -D_GNU_SOURCE -DWIXUM_VERSION='"$(VERSION)"' $(WARNINGS) -fPIC -fno-plt -pthread \
  -fstack-protector-strong $(SANITIZER_FLAGS) $(LUA_CFLAGS) $(CURL_CFLAGS) $(MHD_CFLAGS) $(CPPFLAGS) $(CFLAGS)
# Never unloaded (nodelete): a thread or a library's callback may still be in our code when a Lua state closes.
# Lua's own functions come from the program that loads the module, so undefined symbols are no mistake.
LINK    = $(CC) -pthread -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(SANITIZER_FLAGS) $(CFLAGS)
MODULE  = $(LINK) -shared -Wl,-z,nodelete $(LDFLAGS)
PROGRAM = $(LINK) -Wl,-E $(LDFLAGS)

SANITIZER_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)

objects  = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
sandbox := $(sort $(wildcard src/sandbox_*.c))
core    := $(filter-out $(sandbox),$(sort $(wildcard src/*.c)))
# Helpers of the specs and of the benchmark: a source with a main is a program, any other a shared object.
helpers  := $(sort $(wildcard spec/support/*.c spec/bench/*.c))
programs := $(if $(helpers),$(shell grep -lw '^int main' $(helpers)))
place     = $(patsubst spec/support/%,$(BUILD)/spec/%,$(patsubst spec/bench/%,$(BUILD)/bench/%,$(1)))
program_files := $(call place,$(programs:.c=))
module_files  := $(call place,$(patsubst %.c,%.so,$(filter-out $(programs),$(helpers))))
support_files  = $(filter $(BUILD)/spec/%,$(program_files) $(module_files))
bench_files    = $(filter $(BUILD)/bench/%,$(program_files) $(module_files))

built := $(BUILD)/wixum/core.so $(if $(and $(sandbox),$(MHD_FOUND)),$(BUILD)/wixum/sandbox/http.so) $(BUILD)/bin/wixum

# ---- Building --------------------------------------------------------------------------------------------------------

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all demo test test-all interop lint asan tsan valgrind gc gc-incremental torture histories bench format install uninstall clean help \
  support docs run-demo run-specs run-bench run-docs FORCE
# These start makes of their own, which would get in each other's way in one build folder.
ifneq ($(filter demo test test-all interop lint asan tsan valgrind gc bench docs,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# `make V=1` shows whole commands.
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $@ && )

all: $(built)
	$(if $(and $(sandbox),$(if $(MHD_FOUND),,missing)),@rm -f $(BUILD)/wixum/sandbox/http.so; \
	  echo 'wixum: built without the sandbox: libmicrohttpd was not found (Debian: libmicrohttpd-dev)')

# A file that changes only when its contents do: what depends on it is made anew where it would be made differently.
quote = '$(subst ','\'',$(1))'
define remember
@mkdir -p $(@D)
@printf '%s\n' $(call quote,$(1)) | cmp -s - $@ || printf '%s\n' $(call quote,$(1)) >$@
endef
$(BUILD)/flags: FORCE
	$(call remember,$(COMPILE))
$(BUILD)/link: FORCE
	$(call remember,$(MODULE) $(PROGRAM) $(CURL_LIBS) $(MHD_LIBS) $(LUA_LIBS) $(core) $(sandbox))
$(BUILD)/launcher: FORCE
	$(call remember,$(LUA) $(LUA_VERSION))

# Said here in one line, where the compiler would say it in fifty.
need = @$(COMPILE) $(1) -E - </dev/null >/dev/null 2>&1 || { echo 'wixum: $(strip $(2))' >&2; exit 1; }
$(BUILD)/checked: $(BUILD)/flags
	$(call need,,the C compiler "$(CC)" cannot be used (Debian: gcc libc6-dev))
	$(call need,-include lauxlib.h,the headers of Lua $(LUA_VERSION) were not found: \
	  install them (Debian: liblua$(LUA_VERSION)-dev) or say where they are: LUA_INCDIR=...)
	$(call need,-include curl/curl.h,the headers of libcurl were not found (Debian: libcurl4-openssl-dev))
	@version=$$(echo LIBCURL_VERSION_NUM | $(COMPILE) -include curl/curlver.h -E -P - | tail -n 1); \
	[ $$((version)) -ge $$((0x075000)) ] || { echo "wixum: libcurl 7.80 or newer is needed, not $$version" >&2; exit 1; }
	@touch $@

$(BUILD)/obj/src/%.o: src/%.c $(BUILD)/flags | $(BUILD)/checked
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -fvisibility=hidden -MMD -MP -c -o $@ $<
$(BUILD)/obj/spec/%.o: spec/%.c $(BUILD)/flags | $(BUILD)/checked
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/wixum/core.so: $(call objects,$(core)) $(BUILD)/link
	@mkdir -p $(@D)
	$(call say,LINK)$(MODULE) -o $@ $(call objects,$(core)) $(CURL_LIBS)
$(BUILD)/wixum/sandbox/http.so: $(call objects,$(sandbox)) $(BUILD)/link
	@mkdir -p $(@D)
	$(call say,LINK)$(MODULE) -o $@ $(call objects,$(sandbox)) $(MHD_LIBS)

define helper
$(call place,$(1:.c=$(2))): $(BUILD)/obj/$(1:.c=.o) $(BUILD)/link
	@mkdir -p $$(@D)
	$$(call say,LINK)$(3) -o $$@ $$< $(CURL_LIBS) $(MHD_LIBS) $(4)
endef
$(foreach source,$(programs),$(eval $(call helper,$(source),,$$(PROGRAM),$(LUA_LIBS) -lm -ldl $$(MORE_LIBS))))
$(BUILD)/bench/server: MORE_LIBS := -lssl -lcrypto
$(foreach source,$(filter-out $(programs),$(helpers)),$(eval $(call helper,$(source),.so,$$(MODULE))))

support: $(support_files)
	@:

-include $(patsubst %.o,%.d,$(call objects,$(core) $(sandbox) $(helpers)))

# The command, once for this checkout and once for where it is installed. Folders that do not start with / are seen from
# the command's own, so that what was installed can be moved as a whole.
folder = $(if $(filter /%,$(firstword $(1))),$(1),$$here/$(1))
in_sed = $(subst |,\|,$(subst &,\&,$(subst \,\\,$(1))))
fill   = -e $(call quote,s|@$(1)@|$(call in_sed,$(2))|g)
launcher = sed $(call fill,LUADIR,$(call folder,$(1))) $(call fill,LIBDIR,$(call folder,$(2))) \
  $(call fill,LUA,$(LUA)) $(call fill,ABI,$(abi)) src/wixum.sh.in
# From $(BUILD)/bin up to the checkout.
up := $(subst $(empty) ,/,$(patsubst %,..,$(subst /, ,$(BUILD)/bin)))

$(BUILD)/bin/wixum: src/wixum.sh.in $(BUILD)/launcher
	@mkdir -p $(@D)
	$(call say,MAKE)$(call launcher,$(up)/lua,..) >$@ && chmod +x $@

# ---- Trying and testing ----------------------------------------------------------------------------------------------
# The targets that people call see to it that the machine has what they need, then start a make that finds it.

setup = @$(foreach name,CC CPPFLAGS LUA LUA_INCDIR,$(name)=$(call quote,$($(name)))) .ci/setup
# All processors work, unless the person who calls said how many (-j).
then  = +@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

demo:
	$(setup) demo
	$(then) run-demo
run-demo: all
	@env -u LUA_PATH_$(abi) -u LUA_CPATH_$(abi) LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$(BUILD)/?.so;;' \
	  $(LUA) examples/handover.lua $(ARGS)

test:
	$(setup) test
	$(then) run-specs
test-all:
	$(setup) test-all
	$(then) run-specs SET=more
# Wix's official packages against the sandbox, beside ours: part of test-all.
interop:
	$(setup) interop
	$(then) run-specs SET=more FILE=spec/51_interop_spec.lua
# The sets of specs are in .busted. Installing is the same under a sanitizer, and slow.
asan:
	$(setup) asan
	$(then) run-specs BUILD=build/asan CC=gcc CFLAGS='-O1 -g' SANITIZE=address,undefined UNDER=asan SET=memory
tsan:
	$(setup) test
	$(then) run-specs BUILD=build/tsan CC=gcc CFLAGS='-O1 -g' SANITIZE=thread UNDER=tsan SET=memory
valgrind:
	$(setup) valgrind
	$(then) run-specs UNDER=valgrind SET=memory
gc:
	$(setup) test
	$(then) run-specs GC=incremental SET=memory
	$(then) run-specs GC=generational SET=memory
gc-incremental:
	$(setup) test
	$(then) run-specs GC=incremental SET=memory

# A send and a remind of a hundred thousand rows, killed five hundred times each; SEED=N says which. Takes minutes.
torture:
	$(setup) test
	$(then) run-torture
histories:
	$(setup) test
	$(then) run-histories
# The last run of a hundred thousand rows may take longer than a program of the specs may: hence WIXUM_SLOW.
run-torture run-histories: run-%: all
	@env -u LUA_PATH_$(abi) -u LUA_CPATH_$(abi) WIXUM_SLOW=1 LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH='$(BUILD)/?.so;;' \
	  $(LUA) -e 'require("spec.support.$*").main()'

# The official packages, in the versions that spec/interop/package.json says. Installed by make, since npm may need
# settings of the environment that specs do not see. What goes wrong fails the spec that needs them, which shows the log, and no other.
$(BUILD)/interop/installed: spec/interop/package.json
	@mkdir -p $(@D) && cp $^ $(@D)
	-$(call say,NPM)npm install --prefix $(@D) --no-package-lock --ignore-scripts --no-audit --no-fund >$(@D)/npm.log 2>&1 && touch $@
ifeq ($(SET),more)
run-specs: $(BUILD)/interop/installed
endif

run-specs: all support
	@LUA=$(call quote,$(LUA)) CJSON_CPATH=$(call quote,$(CJSON_CPATH)) UNDER=$(UNDER) GC=$(GC) SET=$(SET) \
	  spec/support/run.sh $(BUILD) $(ARGS) $(if $(FILE),$(call quote,$(FILE)))

bench:
	$(setup) bench
	$(then) run-bench
run-bench: all $(bench_files)
	@env -u LUA_PATH_$(abi) -u LUA_CPATH_$(abi) LUA_PATH='lua/?.lua;lua/?/init.lua;;' \
	  LUA_CPATH='$(BUILD)/?.so;$(BUILD)/bench/?.so;;' $(LUA) spec/bench/run.lua $(ARGS)

# What is written from the declarations: the type file, the README's table. Specs fail where a file differs.
docs:
	$(setup) demo
	$(then) run-docs
run-docs: all
	@env -u LUA_PATH_$(abi) -u LUA_CPATH_$(abi) LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$(BUILD)/?.so;;' \
	  $(LUA) -e 'require("wixum.annotations").write(".")'

# ---- Lint ------------------------------------------------------------------------------------------------------------
# Every part is run, also where one before it found something; -k makes the whole fail then.

lint:
	$(setup) lint
	$(then) -k -Otarget lint-lua lint-cppcheck lint-tidy lint-format lint-gcc lint-clang lint-exports lint-rockspec
.PHONY: lint-lua lint-cppcheck lint-tidy lint-format lint-gcc lint-clang lint-exports lint-rockspec bench-programs

c_files   := $(sort $(wildcard src/*.[ch] spec/support/*.[ch] spec/bench/*.[ch]))
tidy_done := $(patsubst src/%.c,$(BUILD)/lint/%.tidy,$(core) $(sandbox))

lint-lua:
	luacheck -q --no-color lua spec examples .busted
lint-cppcheck:
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	  -D_GNU_SOURCE -DLIBCURL_VERSION_NUM=0x075000 src
lint-tidy: $(tidy_done)
$(BUILD)/lint/%.tidy: src/%.c $(wildcard src/*.h) .clang-tidy .ci/noreturn.h
	@mkdir -p $(@D)
	$(call say,TIDY)clang-tidy --quiet $< -- -std=c11 -D_GNU_SOURCE -DWIXUM_VERSION='""' -include .ci/noreturn.h \
	  $(LUA_CFLAGS) $(CURL_CFLAGS) $(MHD_CFLAGS) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@
lint-format:
	@for file in $(c_files); do clang-format $$file | cmp -s - $$file || { \
	  echo "$$file: not laid out by .clang-format (make format does it)"; false; } || bad=1; done; [ ! "$$bad" ]
lint-gcc lint-clang: lint-%:
	$(then) all support bench-programs BUILD=build/lint/$* CC=$* CFLAGS='-O2 -Werror'
bench-programs: $(bench_files)
	@:
# A program that loads a module gets to see one symbol of it.
lint-exports: all
	@for module in $(filter %.so,$(built)); do nm -D --defined-only $$module | awk -v module=$$module \
	  '$$3 !~ /^luaopen_wixum_/ { print module " exports " $$3; found = 1 } END { exit found }' || exit 1; done
lint-rockspec:
	luarocks lint wixum-scm-1.rockspec

format:
	clang-format -i $(c_files)

# ---- Installing ------------------------------------------------------------------------------------------------------

# Where the installed command looks for its modules: seen from itself where all have one prefix.
from_bin = $(if $(subst x$(PREFIX)/bin,,x$(BINDIR)),$(1),$(subst $(PREFIX)/,../,$(1)))
COMMAND_LUADIR ?= $(call from_bin,$(LUADIR))
COMMAND_LIBDIR ?= $(call from_bin,$(LIBDIR))

at = $(call quote,$(DESTDIR)$(1))
each_lua_file = find lua -name '*.lua' | sort | while IFS= read -r file; do

install: all
	@$(each_lua_file) $(INSTALL) -D -m 644 "$$file" $(call at,$(LUADIR))/"$${file#lua/}" || exit 1; done
	@$(foreach module,$(patsubst $(BUILD)/%,%,$(filter %.so,$(built))), \
	  $(INSTALL) -D -m 755 $(BUILD)/$(module) $(call at,$(LIBDIR))/$(module) &&) :
	@$(call launcher,$(COMMAND_LUADIR),$(COMMAND_LIBDIR)) >$(BUILD)/command
	@$(INSTALL) -D -m 755 $(BUILD)/command $(call at,$(BINDIR))/wixum
	@echo installed: $(call at,$(LUADIR)/wixum) $(call at,$(LIBDIR)/wixum) $(call at,$(BINDIR)/wixum)

# The files that `install` put, then the folders of ours that are empty now.
uninstall:
	@$(each_lua_file) rm -f $(call at,$(LUADIR))/"$${file#lua/}"; done
	@rm -f $(call at,$(LIBDIR)/wixum/core.so) $(call at,$(LIBDIR)/wixum/sandbox/http.so) $(call at,$(BINDIR)/wixum)
	@for folder in $(call at,$(LUADIR)/wixum) $(call at,$(LIBDIR)/wixum); do \
	  [ ! -d "$$folder" ] || find "$$folder" -depth -type d -empty -delete; done

clean:
	rm -rf build

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

#: make              builds the modules and the command, into build/
#: make demo         installs what is missing (Debian), builds, runs examples/handover.lua on the sandbox;
#:                   ARGS=--live: on Wix
#: make test         installs what is missing (Debian), builds, runs the specs; FILE=spec/x_spec.lua: one of them;
#:                   ARGS='--filter=words': what matches; CJSON_CPATH='/dir/?.so': with another lua-cjson
#: make test-all     the specs that need more than that (LuaRocks, Chromium, Node, nginx)
#: make interop      of those, the comparison with Wix's official packages, which it fetches from npm into build/interop
#: make lint         luacheck, cppcheck, clang-tidy, clang-format, gcc and clang without a warning, the rockspec
#: make asan         the specs under AddressSanitizer and UndefinedBehaviorSanitizer; make tsan: ThreadSanitizer
#: make valgrind     the specs under valgrind; make gc: with the collector at its most aggressive
#: make torture      a send and a remind of 100,000 rows, each killed 500 times; make bench: the benchmark
#: make histories    ten thousand random histories, and whether a check tells rightly who has joined
#: make docs         lua/wixum/types.lua and the README's table, anew from the declarations
#: make install      to PREFIX (/usr/local), below DESTDIR if given; make uninstall takes that away again
#: make format       lays out the C sources by .clang-format
#: make clean        removes build/
#:
#: Variables: CC CFLAGS CPPFLAGS LDFLAGS LUA LUA_INCDIR LUADIR LIBDIR BINDIR PREFIX DESTDIR; V=1 shows commands.
