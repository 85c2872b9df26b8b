# 年审 nianshen: `make demo` 演示主流程 / shows the main job; `make test` 运行全部测试 / runs every test.
# Needs python3.11 with venv, make and git; uv is used when it is there.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
JOBS ?= 2
UV := $(shell command -v uv)
INSTALL := $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)

.PHONY: help demo test programs lint types bench docs pins clean
.DEFAULT_GOAL := help

help: ## 列出命令 / list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */: /'

demo: .venv/.runtime ## 演示主流程 / run the main job on a sample portal
	@$(BIN)/nianshen demo

test: .venv/.development programs ## 运行测试 / run the tests
	@$(BIN)/pytest -n $(JOBS)

PROGRAMS := chromium fonts-noto-cjk libreoffice-writer-nogui

programs: ## 测试用的 Chromium 和 LibreOffice，能装则装 / Chromium and LibreOffice for the tests, where they can be installed
	@{ command -v chromium && command -v soffice; } >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	&& echo "安装 / installing $(PROGRAMS) ..." >&2 \
	&& apt-get update -qq >/dev/null \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PROGRAMS) >/dev/null; } \
	|| echo "装不上 / not installed: $(PROGRAMS)；需要而没有的测试将跳过 / tests that miss one are skipped" >&2

lint: .venv/.development ## 检查写法、分层和依赖 / check style, layers and dependencies
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/deptry .

types: .venv/.development ## 检查类型 / check the types
	@$(BIN)/mypy

bench: .venv/.development ## 测量速度 / measure speed
	@$(BIN)/python -m tests.benchmarks

docs: .venv/.development ## 重新生成参考文档 / write the generated pages anew
	@$(BIN)/python -m docs.generate

pins: ## 重新锁定依赖 / renew the pins (needs uv)
	printf 'hatchling\neditables\n' | uv pip compile - $(PIN) -o requirements/build.txt
	uv pip compile pyproject.toml $(PIN) -o requirements/runtime.txt
	uv pip compile pyproject.toml --group dev --extra postgresql $(PIN) -o requirements/development.txt
PIN := --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

.venv/bin/python:
	@$(if $(UV),$(UV) venv --quiet --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)

.venv/.runtime: .venv/bin/python requirements/runtime.txt requirements/build.txt pyproject.toml
	@echo "安装依赖 / installing dependencies ..." >&2
	@$(INSTALL) --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.development: .venv/.runtime requirements/development.txt
	@echo "安装测试工具 / installing the test tools ..." >&2
	@$(INSTALL) --require-hashes -r requirements/development.txt
	@touch $@

clean: ## 删除环境和缓存 / remove the environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
