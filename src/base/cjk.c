#include "base/cjk.h"

#include "base/utf8.h"

bool cjk_is(uint32_t c)
{
	return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x3005 && c <= 0x3007) ||
	       (c >= 0x3041 && c <= 0x312f && c != 0x30fb) || (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xa000 && c <= 0xa48c) ||
	       (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3fffd);
}

static uint32_t lower(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 32;
	if (c < 0xc0)
		return c;
	if ((c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	/* Latin Extended-A (pinyin with tones): capital and small alternate */
	if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
		return c | 1;
	if (((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) && (c & 1))
		return c + 1;
	return c;
}

static bool is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	if (c == 0xd7 || c == 0xf7)
		return false;
	return c == 0xaa || c == 0xb5 || c == 0xba || (c >= 0xc0 && c < 0x2000);
}

void cjk_begin(struct cjk_iter *it, struct str text, enum cjk_mode mode)
{
	it->text = text; /* word[] is written before it is read */
	it->mode = mode;
	it->at = it->ahead = it->ahead_len = 0;
	it->position = 0;
	it->in_run = false;
}

/* Next character from byte `at`, folded; *len is what it covers in the source. */
static uint32_t decode(const struct cjk_iter *it, size_t at, size_t *len)
{
	struct str rest = {it->text.p + at, it->text.n - at};
	uint32_t c = utf8_fold_char(utf8_next(&rest));

	*len = it->text.n - at - rest.n;
	return c;
}

/* The same; whoever asks for it again (a pair's second is the next pair's first) gets it without work. */
static uint32_t peek(struct cjk_iter *it, size_t at, size_t *len)
{
	if (it->ahead_len == 0 || it->ahead != at) {
		it->ahead_c = decode(it, at, &it->ahead_len);
		it->ahead = at;
	}
	*len = it->ahead_len;
	return it->ahead_c;
}

static bool more_tokens(const struct cjk_iter *it, size_t at)
{
	size_t len;

	for (; at < it->text.n; at += len) {
		uint32_t c = decode(it, at, &len);

		if (is_word(c) || cjk_is(c))
			return true;
	}
	return false;
}

static bool take_word(struct cjk_iter *it, struct cjk_token *t)
{
	size_t from = it->at, len, n = 0;

	while (it->at < it->text.n) {
		uint32_t c = peek(it, it->at, &len);

		if (!is_word(c) || n + 4 > CJK_WORD_MAX)
			break;
		n += utf8_put(it->word + n, lower(c));
		it->at += len;
	}
	it->in_run = false;
	*t = (struct cjk_token){CJK_WORD, {it->word, n}, from, it->at, it->position++};
	return true;
}

/* At a character of a run: the pair with the next one, or the last one alone. False: nothing to give here. */
static bool take_pair(struct cjk_iter *it, size_t len, struct cjk_token *t)
{
	size_t from = it->at, next = from + len, second = 0;
	bool pair = next < it->text.n && cjk_is(peek(it, next, &second));
	bool continued = it->in_run;

	it->at = next;
	it->in_run = pair;
	if (!pair && continued && it->mode == CJK_QUERY && !more_tokens(it, next))
		return false;
	*t = (struct cjk_token){pair ? CJK_PAIR : CJK_SINGLE, str_sub(it->text, from, len + second), from, 0, 0};
	if (!pair)
		t->text.n = len;
	t->to = from + t->text.n;
	t->position = it->position++;
	return true;
}

bool cjk_next(struct cjk_iter *it, struct cjk_token *t)
{
	size_t len;

	while (it->at < it->text.n) {
		uint32_t c = peek(it, it->at, &len);

		if (is_word(c))
			return take_word(it, t);
		if (cjk_is(c)) {
			if (take_pair(it, len, t))
				return true;
			continue;
		}
		it->in_run = false;
		it->at += len;
	}
	return false;
}

void cjk_bigrams(struct buf *out, struct str text, enum cjk_mode mode)
{
	struct cjk_iter it;
	struct cjk_token t;

	for (cjk_begin(&it, text, mode); cjk_next(&it, &t);) {
		if (t.position)
			buf_addc(out, ' ');
		buf_adds(out, t.text);
	}
}
