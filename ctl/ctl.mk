# SPDX-License-Identifier: GPL-2.0-or-later
# rnbdctl: every ctl/*.cc, and the pure files whose checks the tool shares with the kernel.
CTL_PACKAGES := libnl-3.0 libnl-genl-3.0 smartcols fmt
# Header-only libraries, by a header of each: CLI11, nlohmann/json.
CTL_HEADERS := CLI/CLI.hpp nlohmann/json.hpp

CXXFLAGS ?= -O2 -g
CFLAGS ?= -O2 -g
# Our builds and tests set it; a user's newer compiler may warn without stopping a build.
CTL_WARN := -Wall -Wextra $(if $(filter 1 y,$(WERROR)),-Werror)
CTL_CXXFLAGS = -std=c++20 $(CTL_WARN) -Iinclude -Ikernel -I. $(shell pkg-config --cflags $(CTL_PACKAGES))
PURE_CFLAGS := -std=c11 -D_DEFAULT_SOURCE $(CTL_WARN) -Iinclude -Ikernel

CTL_SRC := $(wildcard ctl/*.cc)
PURE_SRC := $(wildcard kernel/rtrs/pure/*.c kernel/rnbd/pure/*.c)
CTL_OBJ := $(CTL_SRC:%.cc=$(BUILD)/%.o)
PURE_OBJ := $(PURE_SRC:%.c=$(BUILD)/%.o)
PURE_LIB := $(BUILD)/libpure.a

ctl: $(BUILD)/ctl/rnbdctl

# Names what is missing, with the packages that have it, before the compiler says the same in a page.
$(BUILD)/ctl/.libraries:
	@bad=; for p in $(CTL_PACKAGES); do pkg-config --exists $$p 2>/dev/null || bad="$$bad $$p"; done; \
	for h in $(CTL_HEADERS); do echo "#include <$$h>" | $(CXX) -E -x c++ - >/dev/null 2>&1 || bad="$$bad $$h"; done; \
	if [ -n "$$bad" ]; then echo "rnbdctl: missing$$bad" >&2; \
	echo "Debian: apt-get install libnl-3-dev libnl-genl-3-dev libsmartcols-dev libfmt-dev libcli11-dev nlohmann-json3-dev pkg-config g++ make" >&2; \
	exit 1; fi
	@mkdir -p $(@D) && touch $@

$(BUILD)/ctl/%.o: ctl/%.cc | $(BUILD)/ctl/.libraries
	@mkdir -p $(@D)
	$(CXX) $(CTL_CXXFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(PURE_LIB): $(PURE_OBJ)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/ctl/rnbdctl: $(CTL_OBJ) $(PURE_LIB)
	$(CXX) $(LDFLAGS) $^ $(shell pkg-config --libs $(CTL_PACKAGES)) -o $@

-include $(CTL_OBJ:.o=.d) $(PURE_OBJ:.o=.d)

# The tool and what belongs to it; the modules are the business of DKMS.
PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share

install: $(BUILD)/ctl/rnbdctl
	install -D -m 755 $< $(DESTDIR)$(PREFIX)/sbin/rnbdctl
	install -d $(SHARE)/man/man1
	sed 's,/usr/local/share,$(PREFIX)/share,' docs/rnbdctl.1 >$(SHARE)/man/man1/rnbdctl.1
	chmod 644 $(SHARE)/man/man1/rnbdctl.1
	install -D -m 644 packaging/completion/rnbdctl.bash $(SHARE)/bash-completion/completions/rnbdctl
	install -D -m 644 packaging/completion/_rnbdctl $(SHARE)/zsh/site-functions/_rnbdctl
	install -D -m 644 packaging/completion/rnbdctl.fish $(SHARE)/fish/vendor_completions.d/rnbdctl.fish
	install -D -m 644 -t $(SHARE)/rnbd/schemas packaging/schemas/*.json

# The tool with a scripted kernel, for tests/ctl/golden.sh.
FAKE_OBJ := $(patsubst %.cc,$(BUILD)/%.o,$(wildcard tests/ctl/fake/*.cc))

$(BUILD)/tests/ctl/fake/%.o: tests/ctl/fake/%.cc
	@mkdir -p $(@D)
	$(CXX) $(CTL_CXXFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/tests/rnbdctl-fake: $(FAKE_OBJ) $(filter-out $(BUILD)/ctl/main.o,$(CTL_OBJ)) $(PURE_LIB)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) $^ $(shell pkg-config --libs $(CTL_PACKAGES)) -o $@

-include $(FAKE_OBJ:.o=.d)
