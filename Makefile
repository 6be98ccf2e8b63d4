# SPDX-License-Identifier: MIT
# A thin front for Meson: every rule is one line of something that could be
# typed. BUILD is the folder of the ordinary build.
BUILD ?= build
JOBS ?= $(shell nproc)

all: $(BUILD)/build.ninja
	ninja -j$(JOBS) -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/packages build
	meson setup $(BUILD)

demo: all
	@BUILD=$(BUILD) tools/demo

test:
	@tools/packages
	@tools/test

# The table of docs/benchmarks.md, and $(BUILD)/bench.json.
bench bench-quick:
	@tools/packages bench || true
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) bench/run $(if $(filter bench-quick,$@),--quick)

# What other people's suites and programs do under catenet run: PARTS=cpython
test-programs: all
	@BUILD=$(BUILD) tools/test-programs $(PARTS)

# Google's packetdrill scripts on catenet: PACKETDRILL=/path SCRIPTS=/path/gtests,
# VERSIONS=ipv4,ipv6,mapped (docs/packetdrill.md)
VERSIONS ?= ipv4
packetdrill: all
	@[ -n '$(SCRIPTS)' ] || { echo 'make packetdrill PACKETDRILL=/path SCRIPTS=/path/gtests: docs/packetdrill.md'; exit 1; }
	@BUILD=$(BUILD) PACKETDRILL=$(PACKETDRILL) tools/packetdrill \
		--versions $(VERSIONS) --known test/packetdrill/known.txt $(SCRIPTS)

# Programs of socket calls made at random, on the kernel's sockets, linked and
# under catenet run: SEEDS=1..1000 SIDES=linked,run (CONTRIBUTING.md)
SEEDS ?= 1..200
SIDES ?= linked,run
walk: all
	@BUILD=$(BUILD) tools/walk --sides $(SIDES) $(SEEDS)

install: all
	meson install -C $(BUILD) --no-rebuild

fuzz:
	@tools/packages
	@tools/fuzz

mutate:
	@tools/packages
	@python3 -B tools/mutate

# docs/notes-mutations.md: rows of the notes whose test must notice a mutation
mutate-notes:
	@tools/packages
	@python3 -B tools/mutate-notes

cross:
	@tools/cross

footprint:
	@tools/packages
	@tools/footprint | tee build-footprint.md
	@mv build-footprint.md docs/footprint.md

coverage:
	@tools/packages
	@tools/coverage

symbols: all
	@test/style/symbols --write

rfc:
	@python3 -B tools/rfc-matrix

# docs/notes.md, each claim of the notes and the tests that show it
notes:
	@python3 -B tools/notes-matrix

# The sockets' truth as measured on Linux, natively and under catenet run:
# ORACLE is a folder with truth.py and truth2.py.
oracle: all
	@BUILD=$(BUILD) ORACLE=$(ORACLE) python3 -B tools/oracle

# docs/grid.md, what each state does with each segment
grid: all
	$(BUILD)/test/spec/spec-grid --write docs/grid.md

# docs/explain.md, the staged situations as they are drawn
explain: all
	@BUILD=$(BUILD) python3 -B tools/explain-doc

# docs/pictures, the pictures of the notes as they are drawn
pictures: all
	@BUILD=$(BUILD) python3 -B tools/pictures

# docs/sockets.md, what becomes of each option of a socket
sockets: all
	@BUILD=$(BUILD) tools/sockets-doc

format:
	git ls-files '*.c' '*.h' | xargs -r clang-format-14 -i

clean:
	rm -rf build build-*

.PHONY: all demo test test-programs bench bench-quick install fuzz mutate mutate-notes cross footprint \
	coverage symbols rfc grid notes oracle explain pictures sockets format clean packetdrill walk
