"""A shop's own pages, for its staff."""

from django.urls import path

from portal.merchants import (
    funnel,
    hooks,
    keys,
    order_imports,
    playground,
    return_rules,
    returns_desk,
    returns_figures,
    statements,
    stripe_events,
    stripe_page,
    telling,
    widget,
)

app_name = "merchants"
PARCEL = "shop/<slug:merchant>/returns/desk/<slug:ref>"
STATED = "shop/<slug:merchant>/returns/statements"

urlpatterns = [
    path("shop/<slug:merchant>/funnel/", funnel.funnel, name="funnel"),
    path("shop/<slug:merchant>/funnel/figures.csv", funnel.figures, name="funnel-figures"),
    path("shop/<slug:merchant>/returns/figures/", returns_figures.figures, name="returns-figures"),
    path("shop/<slug:merchant>/returns/figures.csv", returns_figures.sheet, name="returns-sheet"),
    path("shop/<slug:merchant>/returns/rules/", return_rules.rules, name="return-rules"),
    path("shop/<slug:merchant>/orders/", order_imports.orders, name="orders"),
    path("shop/<slug:merchant>/orders/<uuid:pk>/", order_imports.order_import, name="order-import"),
    path("shop/<slug:merchant>/orders/<uuid:pk>/bad.csv", order_imports.bad_lines, name="order-import-bad"),
    path("shop/<slug:merchant>/widget/", widget.widget, name="widget"),
    path("shop/<slug:merchant>/widget/try/", playground.playground, name="playground"),
    path("shop/<slug:merchant>/widget/try/list/", playground.list_here, name="playground-list"),
    path("shop/<slug:merchant>/widget/try/open/", playground.open_here, name="playground-open"),
    path("shop/<slug:merchant>/messages/", telling.telling, name="telling"),
    path("shop/<slug:merchant>/keys/", keys.keys, name="keys"),
    path("shop/<slug:merchant>/keys/<int:number>/replace/", keys.replace, name="replace-key"),
    path("shop/<slug:merchant>/keys/<int:number>/end/", keys.end, name="end-key"),
    path("shop/<slug:merchant>/returns/desk/", returns_desk.desk, name="returns-desk"),
    path("shop/<slug:merchant>/returns/desk/scan/", returns_desk.scan, name="desk-scan"),
    path("shop/<slug:merchant>/returns/desk/<slug:ref>/", returns_desk.parcel, name="desk-return"),
    path(f"{PARCEL}/items/<int:item>/", returns_desk.look, name="desk-look"),
    path(f"{PARCEL}/items/<int:item>/again/", returns_desk.look_again, name="desk-look-again"),
    path(f"{PARCEL}/items/<int:item>/on-sale/", returns_desk.on_sale, name="desk-on-sale"),
    path(f"{PARCEL}/finish/", returns_desk.finish, name="desk-finish"),
    path(f"{PARCEL}/put-right/", returns_desk.put_right, name="desk-put-right"),
    path(f"{PARCEL}/open-again/", returns_desk.open_again, name="desk-open-again"),
    path(f"{PARCEL}/refunds/<uuid:refund>/by-hand/", returns_desk.pay_by_hand, name="desk-by-hand"),
    path(f"{PARCEL}/refunds/<uuid:refund>/again/", returns_desk.send_again, name="desk-send-again"),
    path(f"{PARCEL}/photos/<int:number>/", returns_desk.photo, name="desk-photo"),
    path(f"{STATED}/", statements.statements, name="statements"),
    path(f"{STATED}/<int:number>/place/", statements.place, name="place-statement"),
    path(f"{STATED}/<int:number>/answer/", statements.answer, name="answer-statement"),
    path("shop/<slug:merchant>/stripe/", stripe_page.stripe, name="stripe"),
    path("shop/<slug:merchant>/stripe/forget/", stripe_page.forget, name="forget-stripe"),
    path("stripe/<slug:merchant>/events/", stripe_events.events, name="stripe-events"),
    path("shop/<slug:merchant>/webhooks/", hooks.endpoints, name="endpoints"),
    path("shop/<slug:merchant>/webhooks/<uuid:pk>/", hooks.endpoint, name="endpoint"),
    path("shop/<slug:merchant>/webhooks/<uuid:pk>/rotate/", hooks.rotate, name="rotate-secret"),
    path("shop/<slug:merchant>/webhooks/<uuid:pk>/pause/", hooks.pause, name="pause-endpoint"),
    path("shop/<slug:merchant>/webhooks/<uuid:pk>/resume/", hooks.resume, name="resume-endpoint"),
    path("shop/<slug:merchant>/webhooks/<uuid:pk>/test/", hooks.test, name="test-endpoint"),
    path("shop/<slug:merchant>/webhooks/<uuid:pk>/replay/", hooks.replay, name="replay"),
    path("shop/<slug:merchant>/webhooks/<uuid:pk>/delete/", hooks.delete, name="delete-endpoint"),
]
