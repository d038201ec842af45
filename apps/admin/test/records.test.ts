/** Files of records, a record's story, and documents to begin with. */
import { Result } from "effect"
import { PolicyFile } from "@syncline/policy"
import { describe, expect, it } from "vitest"
import type { Change, Entity } from "../src/api/records.ts"
import { gathering } from "../src/live/staleness.ts"
import type { Area } from "../src/api/areas.ts"
import { isEnough, sidesOf, timedOf } from "../src/screens/conflicts/bothSides.ts"
import { headerOf, isAt, placeIn, placeOf } from "../src/screens/conflicts/conflictPlace.ts"
import { differences, writersOf } from "../src/screens/data/fieldStory.ts"
import { columnsMax, columnsOf } from "../src/screens/data/recordColumns.ts"
import { batchesOf, readFile, textOf } from "../src/screens/data/recordFile.ts"
import { ring } from "../src/screens/live/layout.ts"
import { lineOf, placesOf } from "../src/screens/policy/problemPlaces.ts"
import { compared } from "../src/screens/policy/reachWords.ts"
import { templatesFor } from "../src/screens/policy/templates.ts"
import { testNames } from "../src/screens/policy/testNames.ts"
import { moved } from "../src/screens/routes/order.ts"
import { groupsOf } from "../src/screens/settings/settingGroups.ts"

describe("files", () => {
  it("[UI-31] are JSON, lines of JSON, or CSV", () => {
    const items = [{ id: "1", fields: { t: "Milk", n: 5 } }, { fields: { t: "Bread" } }]
    expect(readFile("a.json", '[{"id":1,"t":"Milk","n":5},{"t":"Bread"}]')).toEqual({ items })
    expect(readFile("a.ndjson", '\uFEFF{"id":"1","t":"Milk","n":5}\n\n{"id":"","t":"Bread"}\n')).toEqual({ items })
    expect(readFile("a.CSV", "id,t,n\r\n1,Milk,5\n,Bread,\n")).toEqual({ items })
    expect(readFile("a.csv", 'id,t\n007,"a ""b"", c\nd"\n')).toEqual({
      items: [{ id: "007", fields: { t: 'a "b", c\nd' } }]
    })
    const whole = { id: "1", header: { team: "north" }, fields: { t: 1 } }
    expect(readFile("a.json", JSON.stringify([whole]))).toEqual({ items: [whole] })
  })

  it("[UI-31] that are wrong are refused with their place, before anything is sent", () => {
    expect(readFile("a.ndjson", '{"t":1}\n[1]')).toEqual({
      problem: "Line 2 is no record: an object with fields is wanted."
    })
    expect(readFile("a.ndjson", '{"t":1}\n{oops')).toEqual({
      problem: expect.stringMatching(/^Line 2 is no JSON: /) as string
    })
    expect(readFile("a.json", "[")).toEqual({ problem: expect.stringMatching(/^It is no JSON: /) as string })
    for (const [name, text] of [
      ["a.json", "[]"],
      ["a.csv", "id,t\n"],
      ["a.ndjson", "\n"]
    ] as const) {
      expect(readFile(name, text)).toEqual({ problem: "There is no record in it." })
    }
  })

  it("[UI-31] keep what stands in their cells: a number only what is written as one, and every row by any line end", () => {
    const cells = ["0471234", "007", "1.50", "-0", "+1", "1e5", "9007199254740993", " 1", "Infinity", "NaN", "0x10"]
    for (const cell of cells) {
      expect(readFile("a.csv", `id,v\np1,${cell}`)).toEqual({ items: [{ id: "p1", fields: { v: cell } }] })
    }
    for (const [cell, v] of [
      ["7", 7],
      ["-1.5", -1.5],
      ["1e+21", 1e21],
      ["true", true],
      ["null", null]
    ] as const) {
      expect(readFile("a.csv", `id,v\np1,${cell}`)).toEqual({ items: [{ id: "p1", fields: { v } }] })
    }
    for (const end of ["\r", "\n", "\r\n", "\n\r\n", "\r\r"]) {
      expect(readFile("a.csv", ["id,n", "p1,1234", "p2,3"].join(end))).toEqual({
        items: [
          { id: "p1", fields: { n: 1234 } },
          { id: "p2", fields: { n: 3 } }
        ]
      })
      expect(readFile("a.ndjson", ['{"id":"p1"}', '{"id":"p2"}'].join(end))).toMatchObject({ items: [{}, {}] })
    }
    const long = "x".repeat(2_000_000)
    expect(readFile("a.csv", `id,t\n1,"${long}"\n`)).toEqual({ items: [{ id: "1", fields: { t: long } }] })
    expect(readFile("a.csv", `id,t\n1,"${long}\n`)).toHaveProperty("problem")
  })

  it("[UI-31] of which something would be lost are refused with the line", () => {
    for (const [name, text, problem] of [
      ["a.csv", "id,a\n1,2\n\n2,3,4", "Line 4 has 3 cells, and the head 2."],
      ["a.csv", 'id,a\n1,"two\nlines"\n2,"open,3\n4,5', "Line 4 begins a cell with a quote that nothing ends."],
      ["a.csv", 'id,a\n1,"b"c', "Line 2 has something behind the quote that ends a cell."],
      ["a.csv", "id,a,a\n1,2,3", "Line 1, the head, names a twice."],
      ["a.csv", "id,a,\n1,2,\n1,2,3", "Line 3 has something in column 3, which the head does not name."],
      [
        "a.csv",
        "id;a\n1;2",
        "Line 1, the head, has no comma. Commas part the cells of a row, and not semicolons or tabs."
      ],
      [
        "a.json",
        '[{"id":1,"t":"12345678901234567"},\n{"n":9007199254740993}]',
        "Line 2 has the number 9007199254740993, of which digits would be lost. Write it as a text, in quotes."
      ],
      [
        "a.ndjson",
        '{"n":1}\n{"n":1e400}',
        "Line 2 has the number 1e400, of which digits would be lost. Write it as a text, in quotes."
      ],
      ["a.json", '[{"header":"north","fields":{}}]', "Entry 1 is no record: an object with fields is wanted."]
    ] as const) {
      expect(readFile(name, text)).toEqual({ problem })
    }
    expect(textOf(Uint8Array.of(0x5a, 0x6f, 0xeb).buffer)).toBeUndefined()
    expect(textOf(new TextEncoder().encode("Zoë").buffer as ArrayBuffer)).toBe("Zoë")
  })

  it("[UI-31] go in batches of so many records and bytes", () => {
    const items = Array.from({ length: 10 }, (_, at) => ({ id: String(at), fields: { t: "ü".repeat(10) } }))
    expect(batchesOf(items, 4, 1_000_000).map(({ length }) => length)).toEqual([4, 4, 2])
    expect(batchesOf(items, 100, 100).map(({ length }) => length)).toEqual([2, 2, 2, 2, 2])
    expect(batchesOf(items, 100, 1).flat()).toEqual(items)
  })
})

const change = (at: number, author: string, field: string, value: unknown, isConflict = false) =>
  ({
    at: `${at}`,
    atMs: at,
    author,
    event: `${at}`,
    commit: `c${at}`,
    group: null,
    kind: "changed",
    changes: [{ kind: "lww", field, value, isConflict }]
  }) as Change

describe("a record", () => {
  it("[UI-22] tells who wrote which field last, and what differs from then", () => {
    const history = [change(3, "B/1", "t", "new", true), change(2, "A/1", "t", "old"), change(1, "A/1", "n", 1)]
    const writers = writersOf(history)
    expect([writers.get("t"), writers.get("n")]).toMatchObject([
      { author: "B/1", atMs: 3, isConflict: true },
      { author: "A/1", atMs: 1, isConflict: false }
    ])
    const was = { fields: { t: "old", gone: 1, same: [1] } } as unknown as Entity
    const now = { fields: { t: "new", same: [1], come: 2 } } as unknown as Entity
    expect(differences(was, now)).toEqual([
      { field: "come", was: undefined, now: 2 },
      { field: "gone", was: 1, now: undefined },
      { field: "t", was: "old", now: "new" }
    ])
  })

  it("[UI-43] both sides of a conflict are the two writes that met, whatever was written before and since", () => {
    const noted = { atMs: 9, type: "task", id: "c1", field: "t", winner: "D", loser: "H" }
    const timed = timedOf({ ...noted, header: {}, winnerAt: "5", loserAt: "4" })!
    const met = [
      change(5, "D/1", "t", "device value"),
      change(4, "H/1", "t", "hub wins?"),
      change(1, "H/1", "t", "first")
    ]
    const [winner, loser] = [
      { value: "device value", atMs: 5, author: "D/1" },
      { value: "hub wins?", atMs: 4, author: "H/1" }
    ]
    expect(sidesOf(timed, met)).toEqual({ winner, loser, since: undefined, isGone: false })
    // Another field, and the same stamp of another device, are nothing.
    expect(sidesOf(timed, [change(7, "H/1", "other", 1), change(5, "E/1", "other", 2), ...met]).since).toBeUndefined()
    expect(sidesOf(timed, [change(7, "H/1", "t", "third, newer"), change(6, "D/1", "t", "second"), ...met])).toEqual({
      winner,
      loser,
      since: { value: "third, newer", atMs: 7, author: "H/1" },
      isGone: false
    })
    const deleted = { ...change(8, "H/1", "t", 1), kind: "deleted", changes: [] } as Change
    expect(sidesOf(timed, [deleted, ...met])).toEqual({ winner, loser, since: undefined, isGone: true })
    expect(sidesOf({ ...timed, loser: "E" }, met).loser).toBeUndefined()
    expect([isEnough(timed, met.slice(0, 2)), isEnough(timed, met), isEnough(timed, [])]).toEqual([false, true, false])
    // Noted without times: nobody can tell which writes they were.
    expect(timedOf(noted)).toBeUndefined()
    expect([headerOf({ ...noted }), headerOf({ header: {} }), headerOf({ header: { team: "north" } })]).toEqual([
      undefined,
      undefined,
      '{"team":"north"}'
    ])
  })

  it("[UI-21] shows no more columns than there is room for, where it lies first", () => {
    const many = Array.from({ length: 20 }, (_, at) => `f${at}`)
    expect(columnsOf(["team"], ["team", ...many])).toHaveLength(columnsMax)
    expect(columnsOf(["team"], ["team", "a"]).map(({ field, isHeader }) => [field, isHeader])).toEqual([
      ["team", true],
      ["a", false]
    ])
  })
})

it("[UI-33] documents to begin with can be read, with the types of the space and without", () => {
  for (const types of [[], ["task", "a type: with signs"]]) {
    for (const { name, text } of templatesFor(types)) {
      expect([name, Result.isSuccess(PolicyFile.parse(text))]).toEqual([name, true])
    }
  }
})

it("[UI-22] an address names one conflict, and what is no place of one is none", () => {
  const conflict = { atMs: 5, type: "note", id: "n1", field: "a", winner: "p1", loser: "p2", loserAt: "1-2" }
  const place = placeIn(placeOf(conflict))!
  expect(isAt(conflict, place)).toBe(true)
  const others = [{ atMs: 6 }, { field: "b" }, { loserAt: "1-3" }]
  expect(others.filter((other) => isAt({ ...conflict, ...other }, place))).toEqual([])
  expect(placeIn('{"type":"note","id":1}')).toBeUndefined()
})

it("[UI-22] a problem of a document is shown where it is", () => {
  const text =
    'version: 1\nrules:\n  - id: "first"\n  - { id: second, effect: allow }\ntests:\n  - name: members see nothing\n    who: {}\n  - { name: "others, too", who: {} }\nmore: 1\n'
  expect([lineOf(text, "id", "first"), lineOf(text, "id", "second"), lineOf(text, "id", "third")]).toEqual([
    3,
    4,
    undefined
  ])
  const problems = [
    "line 2, column 3: oops",
    "rule second: there are two",
    "test members see nothing: it can read task, because",
    "elsewhere"
  ]
  expect(placesOf(text, problems).map(({ line }) => line)).toEqual([2, 4, 6, 1])
  expect(testNames(text)).toEqual(["members see nothing", "others, too"])
})

it("[UI-22] what a device can do stands side by side, in force and by the draft", () => {
  const reach = (peer: string, action: "read" | "update", records: number) => ({
    peer,
    action,
    type: "task",
    partitions: 1,
    records
  })
  const rows = compared(
    [reach("p", "read", 5), reach("q", "read", 9)],
    [reach("p", "read", 3), reach("p", "update", 3)],
    ["p"]
  )
  expect(rows.map(({ after, before, what }) => [what, before, after])).toEqual([
    ["read task", 5, 3],
    ["update task", undefined, 3]
  ])
})

it("[UI-12] lists and pictures are laid out the same each time", () => {
  expect(moved(["a", "b", "c"], 1, -1)).toEqual(["b", "a", "c"])
  expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"])
  expect(ring(4, 100, 10)).toEqual([
    { x: 50, y: 10 },
    { x: 90, y: 50 },
    { x: 50, y: 90 },
    { x: 10, y: 50 }
  ])
  const setting = {
    variable: "V",
    kind: "number",
    value: 1,
    default: 1,
    isSet: false,
    source: "default",
    isChangeable: true,
    allowed: "a number"
  } as const
  expect(
    groupsOf(["gatewayNew", "oidcNew", "backupKeep", "unheardOf"].map((key) => ({ ...setting, key }))).map(
      ({ name }) => name
    )
  ).toEqual(["Backups", "Gateways", "Sign-in by an organisation", "Others"])
})

it("[UI-32] a thousand events ask once a second", () => {
  const asked: Array<ReadonlySet<Area> | "all"> = []
  const timers: Array<() => void> = []
  const stale = gathering((areas) => asked.push(areas), {
    set: (run, ms) => {
      expect(ms).toBe(1_000)
      timers.push(run)
    }
  })
  for (let events = 0; events < 1_000; events++) stale(["peers", "status"])
  expect(asked).toEqual([new Set(["peers", "status"])])
  stale(["records"])
  timers.shift()!()
  expect(asked[1]).toEqual(new Set(["peers", "status", "records"]))
  stale("all")
  stale(["audit"])
  timers.shift()!()
  timers.shift()!()
  expect([asked[2], asked.length, timers.length]).toEqual(["all", 3, 0])
  stale(["audit"])
  expect(asked[3]).toEqual(new Set(["audit"]))
})
