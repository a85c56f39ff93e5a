/* Where mail about a matter goes: whoever holds its code, or a follower's, adds, changes or takes away his address. */
#include "base/utf8.h"
#include "cap/portal/portal_pages.h"
#include "core/notify/notify.h"

struct str portal_mail_typed(struct rq *rq)
{
	struct str mail = utf8_fold(rq->arena, rq_form(rq, "email")), phone = utf8_fold(rq->arena, rq_form(rq, "phone"));

	return str_empty(mail) && str_chr(phone, '@') >= 0 ? phone : mail;
}

struct str portal_lang(const struct rq *rq)
{
	return rq->lang == LANG_EN ? STR("en") : STR("zh");
}

static enum err write_reporters(struct rq *rq, const struct matter *m, struct str address)
{
	struct matter_mail *x = arena_new(rq->arena, struct matter_mail);

	*x = (struct matter_mail){.matter = m->id, .address = address, .lang = portal_lang(rq)};
	return rq_write(rq, matter_reporter_mail_set, NULL, x);
}

static enum err write_followers(struct rq *rq, const struct matter *m, struct str address)
{
	struct matter_follower *f = arena_new(rq->arena, struct matter_follower);

	*f = (struct matter_follower){.code = m->code, .address = address, .lang = portal_lang(rq)};
	return rq_write(rq, portal_follow_mail, NULL, f);
}

/* NULL: nothing is wrong. An empty field is no way to take the address away: the button beside it is. */
static const char *fault_of(struct str address, bool drop)
{
	if (drop || notify_address_ok(address))
		return NULL;
	return str_empty(address) ? N_("请填电子邮件地址") : N_("电子邮件地址不对，写成 name@example.cn 这样");
}

enum err portal_mail_post(struct rq *rq)
{
	struct str address = str_trim(portal_mail_typed(rq));
	bool drop = str_eqz(rq_form(rq, "drop"), "1"), follows;
	const char *fault = fault_of(address, drop);
	struct matter m;
	enum err e = portal_find_any_for(rq, rq_param(rq, "code"), &m, &follows);

	if (e == OK && !follows && !matter_takes_mail(&m))
		e = rq_fail(rq, ERR_NOT_FOUND, N_("没有这个操作。请回到进度页重新选择。"));
	if (e != OK)
		return e;
	if (fault)
		return follows ? portal_followed_page(rq, 422, &m, address, fault) : portal_status_page(rq, 422, &m, address, fault);
	portal_keep_secret(rq);
	rq_flash(rq, drop ? N_("不再发邮件，地址已经删去。") : follows ? N_("好了，办结时发邮件告诉您。") : N_("好了，有消息发邮件告诉您。"));
	e = rq_redirect(rq, arena_printf(rq->arena, "/r/%.*s/status", STR_ARG(m.code)));
	if (drop)
		address = STR("");
	return e != OK ? e : follows ? write_followers(rq, &m, address) : write_reporters(rq, &m, address);
}
