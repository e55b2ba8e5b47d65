"""The demo's own pages, under /demo/."""

from django.urls import path

from portal.demo import beside, guide, post

app_name = "demo"
urlpatterns = [
    path("", guide.guide, name="guide"),
    path("shopper/", guide.be_shopper, name="shopper"),
    path("planner/", guide.be_planner, name="planner"),
    path("driver/", guide.be_driver, name="driver"),
    path("dispatcher/", guide.be_dispatcher, name="dispatcher"),
    path("desk/", guide.be_desk, name="desk"),
    path("manager/", guide.be_manager, name="manager"),
    path("clock/", guide.move_clock, name="clock"),
    path("start-again/", guide.begin_again, name="start-again"),
    path("side-by-side/", beside.side_by_side, name="beside"),
    path("side-by-side/improve/", beside.improve, name="improve"),
    path("inbox/", post.inbox, name="inbox"),
    path("inbox/<str:name>/", post.mail, name="mail"),
    path("inbox/<str:name>/page/", post.mail_page, name="mail-page"),
    path("inbox/<str:name>/file/<int:number>/", post.mail_file, name="mail-file"),
]
