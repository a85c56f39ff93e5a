#include "base/clock.h"
#include "cap/cases/bulk.h"
#include "cap/cases/pages.h"
#include "cap/cases/reply.h"
#include "cap/cases/seen.h"
#include "cap/cases/views.h"

static const struct route routes[] = {
	{"GET", "/inbox", cases_inbox_page, NULL, R_LOGIN, N_("等我办理的事项，最急的在前"), 0},
	{"GET", "/cases", cases_list_page, "matter.read", R_LOGIN, N_("事项列表，可筛选、全文搜索"), 0},
	{"GET", "/cases.csv", cases_export, "matter.export", R_LOGIN, N_("按同样的条件导出 CSV"), 0},
	{"GET", "/cases.xlsx", cases_export_xlsx, "matter.export", R_LOGIN, N_("按同样的条件导出 XLSX"), 0},
	{"GET", "/cases/bulk", cases_bulk_page, NULL, R_LOGIN, N_("选中的几件事项：一起能办什么"), 0},
	{"POST", "/cases/bulk", cases_bulk_do, NULL, R_LOGIN, N_("把同一步办在几件事项上，每件单独核对版本"), 0},
	{"GET", "/cases/bulk/:run", cases_bulk_done_page, NULL, R_LOGIN, N_("一起办理的结果，每件一行，保留两天"), 0},
	{"GET", "/cases/views", cases_views_page, "matter.read", R_LOGIN, N_("保存的筛选，和给当前筛选起名的表单"), 0},
	{"POST", "/cases/views", cases_views_post, "matter.read", R_LOGIN, N_("保存一个筛选，自己用或给单位共用"), 0},
	{"POST", "/cases/views/:id/drop", cases_views_drop, "matter.read", R_LOGIN, N_("删去自己的一个筛选"), 0},
	{"POST", "/cases/seen", cases_seen_post, NULL, R_LOGIN, N_("把现在为止的新事项和变化标为已看"), 0},
	{"GET", "/cases/file/:scenario", cases_file_page, "matter.file", R_LOGIN, N_("工作人员登记事项的表单"), 0},
	{"POST", "/cases/file/:scenario", cases_file_post, "matter.file", R_LOGIN | R_FILES, N_("工作人员登记事项"), 0},
	{"POST", "/cases/spot.json", cases_spot_json, "matter.file", R_LOGIN, N_("登记时在图上标的位置：周围的地图、所在网格"), 0},
	{"GET", "/cases/templates", cases_templates_page, "matter.template", R_LOGIN, N_("答复模板"), 0},
	{"GET", "/cases/templates/:id", cases_template_page, "matter.template", R_LOGIN, N_("一个答复模板，new 为新建"), 0},
	{"POST", "/cases/templates/:id", cases_template_post, "matter.template", R_LOGIN, N_("保存或删除一个答复模板"), 0},
	{"GET", "/cases/:id", cases_show_page, NULL, R_LOGIN, N_("一件事项：经过、现在能做什么"), 0},
	{"POST", "/cases/:id/do", cases_do, NULL, R_LOGIN | R_FILES, N_("办理场景文件允许的一步"), 0},
	{"POST", "/cases/:id/reveal", cases_reveal, "matter.reveal", R_LOGIN, N_("写明目的后查看被遮住的个人信息，记入日志"), 0},
	{"GET", "/cases/:id/files/:file", cases_photo, NULL, R_LOGIN, N_("事项的照片"), 0},
	{0},
};

static const struct permission permissions[] = {
	{"matter.read", N_("查看事项")},
	{"matter.file", N_("登记事项")},
	{"matter.export", N_("导出事项")},
	{"matter.template", N_("修改答复模板")},
	{"matter.reveal", N_("写明目的后查看个人信息")},
	{0},
};

static const struct job_entry jobs[] = {
	{"cases.clean", MS_HOUR, bulk_clean},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("待办"), "/inbox", NULL, 10, NULL},
	{N_("全部事项"), "/cases", "matter.read", 20, NULL},
	{N_("答复模板"), "/cases/templates", "matter.template", 60, NULL},
	{0},
};

static enum err start(struct app *app)
{
	(void)app;
	reply_init();
	return OK;
}

const struct capability cap_cases = {
	.name = "cases",
	.title = N_("事项办理"),
	.routes = routes,
	.permissions = permissions,
	.jobs = jobs,
	.menu = menu,
	.start = start,
};
