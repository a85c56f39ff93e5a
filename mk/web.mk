# make web: what the wall and the desk map load (maplibre-gl, echarts) from npm into web/dist/, which the program embeds when it is there.
# A machine without Node builds the same program; its map pages then show the plain map. See docs/decisions/0021-map-bundle.md.
WEBENTRIES := $(sort $(wildcard web/map/*.mjs))
WEBMODULES := web/node_modules/.lock-installed
.PHONY: web
web: web/dist/.built
$(WEBMODULES): web/package-lock.json
	@mkdir -p build
	cd web && npm ci --ignore-scripts --no-progress >../build/npm-web.log 2>&1 || { cat ../build/npm-web.log; exit 1; }
	@cp web/package-lock.json $@
web/dist/.built: $(WEBMODULES) $(WEBENTRIES) $(wildcard web/map/lib/*.mjs web/map/*.css) mk/web.mk
	@rm -rf web/dist && mkdir -p web/dist
	web/node_modules/.bin/esbuild $(WEBENTRIES) --bundle --splitting --minify --format=esm --target=es2022 --charset=utf8 \
		--legal-comments=none --outdir=web/dist --chunk-names=[name]-[hash] --log-level=warning
	cp web/node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs web/dist/worker.mjs
	cp web/node_modules/maplibre-gl/dist/maplibre-gl.css web/dist/maplibre.css
	cat web/node_modules/maplibre-gl/LICENSE.txt web/node_modules/echarts/LICENSE web/node_modules/echarts/NOTICE web/node_modules/zrender/LICENSE \
		> web/dist/licences.txt
	gzip -9 -n -k web/dist/*.js web/dist/*.mjs web/dist/*.css web/dist/*.txt
	@touch $@
