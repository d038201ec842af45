/** Words, numbers and texts as people read and type them. */
import { describe, expect, it, vi } from "vitest"
import { heardTime, hubNowMs } from "../src/api/hubClock.ts"
import { ago, bytes, count, countOf, duration, share, shortened } from "../src/elements/amounts.ts"
import { commandOf } from "../src/elements/command.ts"
import { plain, plainUpTo, valueText } from "../src/elements/plainText.ts"
import { conditionText, parseConditions } from "../src/screens/data/conditionText.ts"
import { fieldChange } from "../src/screens/data/fieldChange.ts"
import { leftOf } from "../src/screens/pairing/countdown.ts"
import { standingOf } from "../src/screens/tokens/tokenStanding.ts"
import { scripts } from "./screenPaths.ts"

it("[UI-23] numbers have units, and times say how long ago", () => {
  expect([count(1_234_567), countOf(1, "peer"), countOf(2, "batch", "batches")]).toEqual([
    "1,234,567",
    "1 peer",
    "2 batches"
  ])
  expect([bytes(0), bytes(999), bytes(1_500), bytes(2_000_000_000_000)]).toEqual(["0 B", "999 B", "1.5 kB", "2 TB"])
  expect([duration(5), duration(1_500), duration(90_000), duration(7_200_000)]).toEqual([
    "5 ms",
    "1.5 s",
    "1.5 min",
    "2 h"
  ])
  expect([ago(0, 180_000), ago(7_200_000, 0), ago(500, 0)]).toEqual(["3 minutes ago", "in 2 hours", "now"])
  expect([share(0.123), shortened("12D3KooWabcdefghijk"), shortened("short")]).toEqual([
    "12.3 %",
    "12D3Ko…fghijk",
    "short"
  ])
  expect(leftOf(0, 60_000, 300_000)).toEqual({ text: "4:00 left.", share: 0.8 })
  expect(leftOf(0, 400_000, 300_000)).toEqual({ text: "It is over.", share: 0 })
  const day = 86_400_000
  expect([standingOf(0, 1), standingOf(day, 0), standingOf(30 * day, 0)]).toEqual(["over", "soon", "good"])
})

it("[UI-35] times are the hub's, wherever the device's own clock stands", () => {
  const hourMs = 3_600_000
  const at = Date.parse("2026-03-01T12:00:00Z")
  vi.useFakeTimers({ now: at + hourMs })
  heardTime("Sun, 01 Mar 2026 12:00:00 GMT", at + hourMs, at + hourMs + 100)
  expect(Math.abs(hubNowMs() - at)).toBeLessThan(1_000)
  heardTime("no time", 0, 0)
  heardTime(null, 0, 0)
  expect(Math.abs(hubNowMs() - at)).toBeLessThan(1_000)
  // An answer that took a while proves nothing of a small difference.
  heardTime("Sun, 01 Mar 2026 12:00:00 GMT", at, at + 8_000)
  expect(hubNowMs()).toBe(at + hourMs)
  vi.useRealTimers()
})

it("[UI-11] what others wrote has no sign that hides or turns what follows", () => {
  expect(plain("a\u202Eb\u0000\u200Bc\u2066\uFEFF")).toBe("a\\u202Eb\\u0000\\u200Bc\\u2066\\uFEFF")
  expect(plain("two\nlines\tand 👋 Zoë")).toBe("two\nlines\tand 👋 Zoë")
  expect(plain("\uD800")).toBe("\\uD800")
  for (const script of scripts) expect(plain(script)).toMatch(/^[^\p{Cf}\p{Cc}\p{Cs}]*$/u)
  expect(plainUpTo("x".repeat(10), 4)).toBe("xxxx…")
  expect([valueText({ a: [1, "\u202E"] }), valueText(undefined), valueText(null)]).toEqual([
    `{"a":[1,"\\u202E"]}`,
    "nothing",
    "null"
  ])
})

describe("what people type", () => {
  it("[UI-22] conditions are read and shown alike", () => {
    const text = 'done=true; title=Milk; n=5; code="5"; team=null'
    const parsed = parseConditions(text)
    expect(parsed).toEqual({ where: '{"done":true,"title":"Milk","n":5,"code":"5","team":null}' })
    expect(conditionText((parsed as { readonly where: string }).where)).toBe(text)
    expect(parseConditions(" ")).toEqual({ where: undefined })
    expect(parseConditions("no sign")).toEqual({ problem: '"no sign" must be a field, = and a value.' })
    expect(parseConditions("a={}")).toEqual({ problem: 'The value of "a={}" must be a single one.' })
    expect(parseConditions(Array.from({ length: 9 }, (_, at) => `f${at}=1`).join(";"))).toEqual({
      problem: "At most 8 conditions."
    })
  })

  it("[UI-31] a change of a field is a value, a step, or members of a set", () => {
    expect(fieldChange("lww", '"it"')).toEqual({ change: "it" })
    expect(fieldChange("lww", "it")).toHaveProperty("problem")
    expect([fieldChange("counter", "-3"), fieldChange("counter", "0")]).toEqual([
      { change: { inc: -3 } },
      { problem: expect.any(String) as string }
    ])
    expect(fieldChange("orSet", '+"a, b", -"c",+5')).toEqual({ change: { add: ["a, b", 5], remove: ["c"] } })
    expect(fieldChange("orSet", '"a"')).toHaveProperty("problem")
  })

  it("[UI-18] arguments that look like flags stand behind --, and a query's texts as they are", () => {
    const rest = "--at https://hub.example --token-file ./token"
    const at = "https://hub.example"
    for (const id of ["-x", "--yes", "--"]) {
      expect(commandOf({ id: "entities.remove", args: ["task", id], isRemoval: true }, at)).toBe(
        `syncline hub --yes ${rest} -- entities.remove task ${id}`
      )
    }
    expect(commandOf({ id: "entities.list", args: ["task"], query: { where: '{"n":1}', at: undefined } }, at)).toBe(
      `syncline hub entities.list task --set 'where={"n":1}' ${rest}`
    )
    expect(commandOf({ id: "space.import", from: "-a.ndjson" }, at)).toBe(
      `syncline hub space.import --from ./-a.ndjson ${rest}`
    )
  })

  it("[UI-18] nothing in a command is a sign that a terminal acts on or a reader does not see", () => {
    const hostile = "it's\\\u0003rm -rf ~\n\u202e\u{e0041}"
    const at = "https://hub.example"
    const said = commandOf(
      { id: "policy.apply", args: [hostile], set: { text: hostile, fields: { [hostile]: 1 } } },
      at
    )
    expect(said).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(said).toContain(`$'it\\x27s\\x5c\\x03rm -rf ~\\x0a\\xe2\\x80\\xae\\xf3\\xa0\\x81\\x81'`)
    const json = `"it'\\''s\\\\\\u0003rm -rf ~\\n\\u202e\\udb40\\udc41"`
    expect(said).toContain(`--set 'text=${json}' --set 'fields={${json}:1}'`)
    expect(JSON.parse(json.replace(`'\\''`, "'"))).toBe(hostile)
    expect(commandOf({ id: "peers.pause", args: ["=x"] }, at)).toContain("peers.pause '=x'")
  })

  it("[UI-18] a command's words survive a shell", () => {
    const operation = {
      id: "entities.put",
      args: ["task", "it's"],
      set: { fields: { t: "a b" }, note: "5", gone: undefined },
      isRemoval: true
    }
    expect(commandOf(operation, "https://hub.example/team")).toBe(
      `syncline hub entities.put task 'it'\\''s' --set 'fields={"t":"a b"}' --set 'note="5"' --yes --at https://hub.example/team --token-file ./token`
    )
  })
})
