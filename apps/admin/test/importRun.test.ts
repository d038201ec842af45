/** A file's records on their way: what is written, refused, lost and sent again, whatever the hub says. */
import { expect, it } from "vitest"
import { batchRecordsMax, type Import, ImportRun, type Refusal, toldMax } from "../src/screens/data/ImportRun.ts"
import type { Item } from "../src/screens/data/recordFile.ts"
import { uuidOf } from "../src/screens/data/uuid.ts"

class Told extends Error {
  readonly refusal: Refusal
  constructor(status: number, retryAfterS?: number, code = "Told") {
    super(`answer ${status}`)
    this.refusal = { status, code, retryAfterS }
  }
}

const itemsOf = (batches: number, more = 0): ReadonlyArray<Item> =>
  Array.from({ length: batches * batchRecordsMax + more }, (_, at) => ({ id: `r${at + 1}`, fields: {} }))

/** `answers` are the hub's, batch by batch; what is left out is a yes. */
const runOf = (answers: ReadonlyArray<Error | undefined>) => {
  const sent: Array<ReadonlyArray<Item>> = []
  const waits: Array<number> = []
  const busy: Array<boolean> = []
  const hooks: { onSend?: () => void; onWait?: () => void } = {}
  let ids = 0
  const run: ImportRun = new ImportRun({
    write: async ({ account, type }, items) => {
      expect([account, type]).toEqual(["olga", "task"])
      sent.push(items)
      hooks.onSend?.()
      const answer = answers[sent.length - 1]
      if (answer !== undefined) throw answer
    },
    wait: async (ms) => {
      waits.push(ms)
      hooks.onWait?.()
    },
    nowMs: () => 1_000,
    newId: () => `new${++ids}`,
    wordsOf: ({ message }) => message,
    refusalOf: (error) => (error instanceof Told ? error.refusal : undefined),
    onBusy: (isBusy) => busy.push(isBusy),
    onEnd: () => undefined
  })
  const phases: Array<Import["phase"]["kind"]> = []
  run.subscribe(() => {
    const kind = run.now()?.phase.kind
    if (kind !== undefined && kind !== phases.at(-1)) phases.push(kind)
  })
  return { run, sent, waits, busy, hooks, phases }
}

it("[UI-31] what is refused is told with its place in the file, and the rest is written", async () => {
  const { busy, phases, run, sent } = runOf([undefined, new Told(422), undefined, new Told(409)])
  await run.begin("olga", "task", "a.csv", itemsOf(3, 7))
  expect(sent.map((items) => [items[0]!.id, items.length])).toEqual([
    ["r1", 500],
    ["r501", 500],
    ["r1001", 500],
    ["r1501", 7]
  ])
  expect(run.now()).toEqual({
    account: "olga",
    type: "task",
    file: "a.csv",
    total: 1_507,
    written: 1_000,
    refused: [
      { from: 501, to: 1_000, words: "answer 422" },
      { from: 1_501, to: 1_507, words: "answer 409" }
    ],
    refusedBatches: 2,
    phase: { kind: "over" }
  })
  expect([phases, busy]).toEqual([
    ["running", "over"],
    [true, false]
  ])
  const many = runOf(Array.from({ length: toldMax + 5 }, () => new Told(422)))
  await many.run.begin("olga", "task", "a.csv", itemsOf(toldMax + 5))
  expect([many.run.now()?.refused.length, many.run.now()?.refusedBatches]).toEqual([toldMax, toldMax + 5])
})

it("[UI-40] an import stops at the first answer that is lost, and goes on from there with the same records", async () => {
  for (const lost of [
    new Told(0),
    new Told(500),
    new Told(502),
    new Told(503),
    new Told(200, undefined, "NotUnderstood")
  ]) {
    const { run, sent } = runOf([undefined, lost])
    await run.begin("olga", "task", "a.csv", [...itemsOf(1, 400), ...itemsOf(1).map(() => ({ fields: { t: 1 } }))])
    expect(sent.length).toBe(2)
    expect(run.now()).toMatchObject({
      written: 500,
      refusedBatches: 0,
      phase: { kind: "broken", stretch: { from: 501, to: 1_000 }, isUnknown: true, words: lost.message }
    })
    await run.goOn()
    expect(sent.map((items) => items.length)).toEqual([500, 500, 500, 400])
    // Records without an id have one from the beginning, so that none is made twice.
    expect(sent[2]).toEqual(sent[1])
    expect(new Set(sent[2]!.map(({ id }) => id)).size).toBe(500)
    expect(run.now()).toMatchObject({ written: 1_400, phase: { kind: "over" } })
  }
  for (const status of [401, 403]) {
    const { run, sent } = runOf([new Told(status)])
    await run.begin("olga", "task", "a.csv", itemsOf(3))
    expect([sent.length, run.now()?.phase]).toMatchObject([1, { kind: "broken", isUnknown: false }])
    await run.goOn()
    expect(run.now()).toMatchObject({ written: 1_500, phase: { kind: "over" } })
  }
})

it("[UI-40] where the hub says when to try again, the import waits that long and sends the same batch", async () => {
  const { hooks, phases, run, sent, waits } = runOf([undefined, new Told(429, 7), new Told(503, 2), new Told(429)])
  hooks.onWait = () => expect(run.now()?.phase).toMatchObject({ kind: "waiting", untilMs: 1_000 + waits.at(-1)! })
  await run.begin("olga", "task", "a.csv", itemsOf(2))
  expect([waits, sent.map((items) => items[0]!.id)]).toEqual([
    [7_000, 2_000, 5_000],
    ["r1", "r501", "r501", "r501", "r501"]
  ])
  expect(phases).toEqual(["running", "waiting", "running", "waiting", "running", "waiting", "running", "over"])
  expect(run.now()?.written).toBe(1_000)
})

it("[UI-40] whoever stops an import goes on with it later, or has done with it", async () => {
  const { hooks, run, sent } = runOf([])
  let other: Promise<boolean> | undefined
  hooks.onSend = () => {
    other ??= run.begin("vera", "note", "b.csv", itemsOf(1))
    if (sent.length === 2) run.stop()
  }
  await run.begin("olga", "task", "a.csv", itemsOf(3))
  expect(run.now()).toMatchObject({ account: "olga", written: 1_000, phase: { kind: "stopped" } })
  // One at a time.
  expect(await other).toBe(false)
  await run.goOn()
  expect([sent.length, run.now()]).toMatchObject([3, { written: 1_500, phase: { kind: "over" } }])
  await run.goOn()
  expect(sent.length).toBe(3)
  run.forget()
  expect(run.now()).toBeUndefined()
})

it("[UI-40] ids that the pages give are in the order of time", () => {
  const [all, none] = [new Uint8Array(10).fill(0xff), new Uint8Array(10)]
  expect([uuidOf(0x0123456789ab, all), uuidOf(1, none)]).toEqual([
    "01234567-89ab-7fff-bfff-ffffffffffff",
    "00000000-0001-7000-8000-000000000000"
  ])
})
