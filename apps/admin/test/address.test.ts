/** What addresses may say, forms over what others change, and the time that is shown: the parts that need no browser. */
import { afterEach, expect, it, vi } from "vitest"
import {
  among,
  anyText,
  flatObject,
  number,
  only,
  parseSearch,
  sorting,
  stringifySearch,
  time,
  timeOrStamp,
  yes
} from "../src/addressFilters.ts"
import { shownTime, watchTime } from "../src/elements/ticking.ts"
import { isMovedBeneath, merged } from "../src/elements/useEdited.ts"
import { wordsOf } from "../src/screens/overview/throughput.ts"

it("[UI-53] a filter of an address has its form, or is left out", () => {
  const record = only({ at: timeOrStamp, header: flatObject })
  expect(record(parseSearch("?at=1700000000000&header=%7B%22team%22%3A%22north%22%7D"))).toEqual({
    at: "1700000000000",
    header: '{"team":"north"}'
  })
  expect(record({ at: "0198f0c2a1b30001" })).toEqual({ at: "0198f0c2a1b30001" })
  for (const at of ["foo", "99999999999999999", "-1", "1e300", "1.5", " 1", "0198F0C2A1B30001", ""])
    expect([at, record({ at })["at"]]).toEqual([at, undefined])
  for (const header of ["foo", "null", "5", '"x"', '[{"a":1}]', '{"a":{}}', "{", `{"a":"${"x".repeat(5_000)}"}`])
    expect(record({ header })).toEqual({ header: undefined })
  // What is no filter of the screen is left out by its name, whatever the name is.
  expect(record(parseSearch("?where=1&constructor=1&__proto__=1"))).toEqual(
    Object.fromEntries([
      ["where", undefined],
      ["constructor", undefined],
      ["__proto__", undefined]
    ])
  )
  // Nothing becomes a list or an object by itself.
  expect(only({ where: flatObject, text: anyText })(parseSearch("?where=[1]&text=[1]&text=5"))).toEqual({
    where: undefined,
    text: "5"
  })
  expect([time("999999999999999"), time("1e300"), time("-99999999999999999999")]).toEqual([true, false, false])
  expect([yes("true"), yes("false"), number("5"), number("x")]).toEqual([true, false, true, false])
  expect([sorting("-name"), sorting("name"), sorting("--name"), sorting("a b")]).toEqual([true, true, false, false])
  expect([among({ a: 1 })("a"), among({ a: 1 })("nope"), among({ a: 1 })("toString")]).toEqual([true, false, false])
})

it("[UI-22] filters are written as they are read", () => {
  for (const filters of [{ text: "a b&c=d", at: "5" }, { where: '{"done":true,"title":"5"}' }, { text: "true" }, {}])
    expect(parseSearch(stringifySearch(filters))).toEqual(filters)
  expect(stringifySearch({ text: undefined, state: "", tab: "roles" })).toBe("?tab=roles")
})

it("[UI-51] what I typed goes over what others did, and only there", () => {
  const ground = { name: "Mia", role: "member", teams: ["north"] }
  const mine = { value: { ...ground, name: "Mia B" }, ground }
  expect(isMovedBeneath(mine, { ...ground, teams: ["north"] })).toBe(false)
  const theirs = { ...ground, role: "admin" }
  expect(isMovedBeneath(mine, theirs)).toBe(true)
  expect(merged(mine, theirs)).toEqual({ name: "Mia B", role: "admin", teams: ["north"] })
  // Others did the same, or it is my own change that came back.
  expect(isMovedBeneath(mine, mine.value)).toBe(false)
  expect(merged({ value: 5, ground: 3 }, 4)).toBe(5)
})

afterEach(() => void vi.useRealTimers())

it("[UI-23] a time that nobody looked at for a while is right for the first who looks, and moves for all by one timer", () => {
  vi.useFakeTimers({ now: Date.now() })
  const began = shownTime()
  vi.advanceTimersByTime(20 * 60_000)
  expect(shownTime() - began).toBeGreaterThanOrEqual(20 * 60_000 - 10_000)
  const ticks = { a: 0, b: 0 }
  const leave = [watchTime(() => void ticks.a++), watchTime(() => void ticks.b++)]
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(30_000)
  expect(ticks).toEqual({ a: 3, b: 3 })
  for (const end of leave) end()
  expect(vi.getTimerCount()).toBe(0)
})

it("[UI-23] the throughput is told for as long as the hub has counted", () => {
  const point = { atMs: 0, eventsIn: 1, eventsOut: 0, bytesIn: 10, bytesOut: 0 } as Parameters<
    typeof wordsOf
  >[0][number]
  expect(wordsOf([point])).toBe("In the last 10 s 1 event (10 B) came in, and 0 (0 B) went out.")
  expect(wordsOf(Array.from({ length: 360 }, () => point))).toContain("In the last 1 h 360 events")
})

it("[UI-13] what the hub says to programs is told in words for people", async () => {
  vi.stubGlobal("document", { baseURI: "http://127.0.0.1/" })
  const { Refused } = await import("../src/api/ask.ts")
  const { refusalWords } = await import("../src/elements/refusalWords.ts")
  expect(
    refusalWords(new Refused(401, "SignInNeeded", "Sign in, or send a token; on the hub's machine that of …"))
  ).toBe("Your sign-in is over. Sign in, and try again.")
  expect(refusalWords(new Refused(400, "Invalid", "It is not so.", [{ path: "body/name", message: "too long" }]))).toBe(
    "It is not so. name: too long"
  )
  const once = new Refused(400, "Invalid", "Must be a peer id.", [
    { path: "params/peer", message: "must be a peer id" }
  ])
  expect(refusalWords(once)).toBe("Must be a peer id.")
  vi.unstubAllGlobals()
})
