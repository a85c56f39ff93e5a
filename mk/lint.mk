# make lint: the rules of CONTRIBUTING.md that a program can check; LINT="includes sql" runs some only
LINT =
.PHONY: lint
lint: $(if $(filter cap/apidoc,$(ROOMS)),$(B)/gongzhi)
	@tools/lint $(LINT)
docs/api.md: $(B)/gongzhi
	$(B)/gongzhi api > $@
