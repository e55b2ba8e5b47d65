"""A shop's own pages, for its staff."""

from django.urls import path

from portal.merchants import (
    funnel,
    hooks,
    keys,
    order_imports,
    playground,
    returns_figures,
    stripe_events,
    telling,
    widget,
)

app_name = "merchants"

urlpatterns = [
    path("shop/<slug:merchant>/funnel/", funnel.funnel, name="funnel"),
    path("shop/<slug:merchant>/funnel/figures.csv", funnel.figures, name="funnel-figures"),
    path("shop/<slug:merchant>/returns/figures/", returns_figures.figures, name="returns-figures"),
    path("shop/<slug:merchant>/returns/figures.csv", returns_figures.sheet, name="returns-sheet"),
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
