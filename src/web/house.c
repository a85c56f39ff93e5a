/* Jobs of the core that belong to no capability: heads of the journal, clocks of matters, notices on their way. */
#include "base/clock.h"
#include "base/log.h"
#include "core/journal/journal.h"
#include "core/matter/matter.h"
#include "core/notify/notify.h"
#include "web/inner.h"
#include "web/kept.h"
#include "web/photo.h"

static enum err sign_heads(struct app *app, int64_t now)
{
	(void)now;
	return journal_sign(app->db);
}

static enum err run_clocks(struct app *app, int64_t now)
{
	int escalated = 0;
	enum err e = matter_run_clocks(app->db, now, &escalated);

	if (escalated)
		log_info("deadlines passed matters=%d", escalated);
	return e;
}

static enum err deliver(struct app *app, int64_t now)
{
	int sent = 0, failed = 0;
	enum err e = notify_deliver(app->db, now, &sent, &failed);

	if (sent || failed)
		log_info("notices delivered=%d failed=%d", sent, failed);
	return e;
}

static enum err sweep(struct app *app, int64_t now)
{
	return notify_sweep(app->db, now);
}

static enum err clean(struct app *app, int64_t now)
{
	enum err e = write_clean(app, now);

	if (e == OK)
		e = draft_clean(app, now);
	return e == OK ? kept_clean(app, now) : e;
}

const struct job_entry house_jobs[] = {
	{"journal.sign", MS_SECOND, sign_heads},
	{"matter.clocks", 10 * MS_SECOND, run_clocks},
	{"notify.deliver", 10 * MS_SECOND, deliver},
	{"notify.sweep", MS_DAY, sweep},
	{"photo.sweep", MS_HOUR, photo_sweep},
	{"photo.orphans", MS_HOUR, photo_orphans},
	{"web.clean", MS_HOUR, clean},
	{0},
};
