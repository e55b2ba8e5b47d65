"""The lines that show the widget in a shop's page, for whichever way it is built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Element:
    """One widget as a developer wrote it: attributes without a value are not there; `looks` by name."""

    host: str
    merchant: str
    attributes: Mapping[str, str]
    looks: Mapping[str, str]
    required: bool
    link: str

    @property
    def said(self) -> dict[str, str]:
        """Attributes in the order in which they are written, without the session."""
        written = {name: value for name, value in self.attributes.items() if value}
        return {"name": written.pop("name", "delivery_hold"), "merchant": self.merchant, **written}

    @property
    def script(self) -> str:
        return f'<script src="{escape(self.host)}/embed/v1/slots.js" async crossorigin></script>'

    @property
    def fallback(self) -> str:
        return f'<a slot="fallback" href="{escape(self.host)}/s/{self.merchant}/">{escape(self.link)}</a>'


def html(one: Element) -> str:
    """Return plain HTML."""
    session = {"session": "st_..."}
    tag = _tag([f'{name}="{escape(value)}"' for name, value in (one.said | session).items()], one.required)
    return f"{one.script}\n{tag}\n  {one.fallback}\n</doorstep-slots>"


def react(one: Element) -> str:
    """Return a component for React."""
    said = ["ref={slots}", *(_prop(name, value) for name, value in one.said.items())]
    tag = _tag([*said, "session={session}"], one.required).replace("\n", "\n    ")
    return f"""\
import {{ useEffect, useRef }} from "react";

export function DeliveryTimes({{ session, onHeld }}) {{
  const slots = useRef(null);
  useEffect(() => {{
    const held = (event) => onHeld(event.detail);
    const element = slots.current;
    element.addEventListener("doorstep:slot-held", held);
    return () => element.removeEventListener("doorstep:slot-held", held);
  }}, [onHeld]);
  return (
    {tag}
      <a slot="fallback" {_prop("href", f"{one.host}/s/{one.merchant}/")}>{{{_js(one.link)}}}</a>
    </doorstep-slots>
  );
}}"""


def vue(one: Element) -> str:
    """Return a component for Vue, whose compiler must be told that the element is none of its own."""
    said = [f'{name}="{escape(value)}"' for name, value in one.said.items()]
    listens = "@doorstep:slot-held=\"(event) => $emit('held', event.detail)\""
    tag = _tag([*said, ':session="session"', listens], one.required).replace("\n", "\n  ")
    return f"""\
<!-- vite.config.js: vue({{ template: {{ compilerOptions: {{
     isCustomElement: (tag) => tag === "doorstep-slots" }} }} }}) -->
<script setup>
defineProps({{ session: String }});
defineEmits(["held"]);
</script>

<template>
  {tag}
    {one.fallback}
  </doorstep-slots>
</template>"""


def svelte(one: Element) -> str:
    """Return a component for Svelte 5."""
    said = [f'{name}="{escape(value)}"' for name, value in one.said.items()]
    tag = _tag([*said, "{session}", "bind:this={slots}"], one.required)
    return f"""\
<script>
  let {{ session, onheld }} = $props();
  let slots;
  $effect(() => {{
    const held = (event) => onheld(event.detail);
    slots.addEventListener("doorstep:slot-held", held);
    return () => slots.removeEventListener("doorstep:slot-held", held);
  }});
</script>

{tag}
  {one.fallback}
</doorstep-slots>"""


def css(one: Element) -> str:
    """Return what stands in the shop's stylesheet: the widget's room, and its looks."""
    looks = "".join(f"  --doorstep-{name}: {value};\n" for name, value in one.looks.items() if value)
    return f"doorstep-slots {{\n  display: block;\n  min-block-size: 44rem;\n{looks}}}"


def _tag(said: list[str], required: bool) -> str:
    parts = [*said, "required"] if required else said
    line = f"<doorstep-slots {' '.join(parts)}>"
    return line if len(line) <= 100 else "<doorstep-slots\n  " + "\n  ".join(parts) + "\n>"


def _prop(name: str, value: str) -> str:
    """Return a prop of JSX; what its plain strings would read otherwise is a string of JavaScript."""
    return f'{name}="{value}"' if not set(value) & set('"&\\') else f"{name}={{{_js(value)}}}"


def _js(value: str) -> str:
    """Return a string of JavaScript."""
    return json.dumps(value, ensure_ascii=False)
