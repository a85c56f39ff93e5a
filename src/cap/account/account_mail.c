/* Where notices go beside the application: one mail address an account, sealed in the store. */
#include "cap/account/account.h"
#include "cap/account/account.html.h"

struct preference {
	int64_t actor;
	struct str mail; /* p NULL: no more */
	struct str lang;
};

static enum err page(struct rq *rq, struct str mail, struct str lang, const char *zh)
{
	struct account_mail_view v = {.mail = mail, .error = str_from(zh ? _(zh) : ""), .english = str_eqz(lang, "en")};

	return rq_page_status(rq, zh ? 422 : 200, html_account_mail, &v);
}

enum err account_mail_form(struct rq *rq)
{
	struct str mail, lang = STR("");
	enum err e = notify_preferred(rq_conn(rq), rq->arena, rq->who.id, STR("mail"), &mail);

	if (e == OK)
		e = notify_preferred_lang(rq_conn(rq), rq->arena, rq->who.id, STR("mail"), &lang);
	if (str_empty(lang)) /* not said yet: that of the page */
		lang = rq->lang == LANG_EN ? STR("en") : STR("zh");
	return e == OK ? page(rq, mail.p ? mail : STR(""), lang, NULL) : e;
}

static enum err prefer(struct tx *tx, void *arg)
{
	const struct preference *p = arg;

	enum err e = notify_prefer(tx, p->actor, STR("mail"), p->mail);

	return e == OK && p->mail.p ? notify_prefer_lang(tx, p->actor, p->lang) : e;
}

static enum err preferred(struct rq *rq, void *arg, enum err result)
{
	const struct preference *p = arg;

	if (result == ERR_INPUT)
		return page(rq, p->mail, p->lang, N_("这不像一个邮箱地址，例如 name@example.cn"));
	if (result != OK)
		return result;
	rq_flash(rq, p->mail.p ? _("通知邮箱已保存") : _("不再发邮件"));
	return rq_redirect(rq, STR("/me"));
}

enum err account_mail(struct rq *rq)
{
	struct preference *p = arena_new(rq->arena, struct preference);
	struct str mail = rq_form(rq, "mail");

	p->actor = rq->who.id;
	p->mail = str_empty(mail) ? STR_NULL : mail;
	p->lang = str_eqz(rq_form(rq, "mail_lang"), "en") ? STR("en") : STR("zh");
	return rq_write(rq, prefer, preferred, p);
}
