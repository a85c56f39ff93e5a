# functions that must not be used do not compile (src/base/banned.h)
CPPFLAGS += -include base/banned.h
