/** A draft of the policy as one writes it: kept in the place of the one that it began with, and of no other. */
import { expect, it } from "vitest"
import { DraftKeeper, keepMs } from "../src/screens/policy/DraftKeeper.ts"

interface Kept {
  readonly text: string
  readonly basedOn: number
  readonly replaces: number | null | undefined
}

const moved = new Error("moved")

/** A hub that keeps drafts, and a clock that is moved by hand. */
const world = () => {
  const kept: Array<Kept> = []
  const answers: Array<() => void> = []
  let timer: { readonly run: () => void; readonly ms: number } | undefined
  let failure: Error | undefined
  let dropped = 0
  const keeper = new DraftKeeper({
    keep: (text, basedOn, replaces) =>
      new Promise((resolve, reject) => {
        kept.push({ text, basedOn, replaces })
        const savedMs = 100 + kept.length
        answers.push(() => (failure === undefined ? resolve({ text, basedOn, savedMs }) : reject(failure)))
      }),
    drop: async () => void dropped++,
    isMoved: (error) => error === moved,
    later: (run, ms) => {
      timer = { run, ms }
      return () => (timer = undefined)
    }
  })
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0))
  return {
    keeper,
    kept,
    fail: (error: Error | undefined) => (failure = error),
    dropped: () => dropped,
    waitsMs: () => timer?.ms,
    pass: () => timer?.run(),
    answer: async () => {
      answers.shift()?.()
      await settle()
    }
  }
}

const draft = { text: "old", basedOn: 3, savedMs: 50 }

it("[UI-34] a draft is kept a moment after the last key, in the place of the one that it began with", async () => {
  const { answer, keeper, kept, pass, waitsMs } = world()
  keeper.write("a", draft, 7, true)
  keeper.write("ab", draft, 7, true)
  expect([keeper.own(), waitsMs(), kept]).toEqual([{ text: "ab", keeping: "keeping" }, keepMs, []])
  pass()
  await answer()
  expect(keeper.own().keeping).toBe("kept")
  keeper.write("abc", { ...draft, savedMs: 999 }, 8, true)
  pass()
  await answer()
  expect(kept).toEqual([
    { text: "ab", basedOn: 3, replaces: 50 },
    { text: "abc", basedOn: 3, replaces: 101 }
  ])
})

it("[UI-34] the first draft takes the place of none, and names the charter that it began with", async () => {
  const { answer, keeper, kept, pass } = world()
  keeper.write("new", null, 7, true)
  pass()
  await answer()
  expect([kept, keeper.basedOn()]).toEqual([[{ text: "new", basedOn: 7, replaces: null }], 7])
})

it("[UI-34] what is written while one is on its way goes with the next", async () => {
  const { answer, keeper, kept, pass } = world()
  keeper.write("a", null, 1, true)
  pass()
  keeper.write("b", null, 1, true)
  pass()
  expect(kept.length).toBe(1)
  await answer()
  expect(keeper.own()).toEqual({ text: "b", keeping: "keeping" })
  pass()
  await answer()
  expect([kept.at(-1), keeper.own().keeping]).toEqual([{ text: "b", basedOn: 1, replaces: 101 }, "kept"])
})

it("[UI-34] where another one was kept meanwhile nothing is overwritten until the person says so", async () => {
  const { answer, fail, keeper, kept, pass, waitsMs } = world()
  fail(moved)
  keeper.write("mine", draft, 7, true)
  pass()
  await answer()
  expect(keeper.own()).toEqual({ text: "mine", keeping: "moved" })
  keeper.forget()
  keeper.write("mine again", draft, 7, true)
  pass()
  await answer()
  keeper.write("mine still", draft, 7, true)
  expect([keeper.own().keeping, kept.length]).toEqual(["moved", 2])
  fail(undefined)
  const keeping = keeper.keepMine()
  await answer()
  await keeping
  expect([keeper.own().keeping, kept.at(-1)]).toEqual(["kept", { text: "mine still", basedOn: 3, replaces: undefined }])
  expect(waitsMs()).toBe(keepMs)
})

it("[UI-34] what the hub did not take stays, and is said", async () => {
  const { answer, dropped, fail, keeper, kept, pass } = world()
  fail(new Error("away"))
  keeper.write("a", draft, 7, true)
  pass()
  await answer()
  expect(keeper.own()).toEqual({ text: "a", keeping: "failed" })
  fail(undefined)
  const again = keeper.again()
  await answer()
  await again
  expect([keeper.own().keeping, kept.length]).toEqual(["kept", 2])
  await keeper.drop()
  expect([keeper.own(), keeper.basedOn(), dropped()]).toEqual([{ text: undefined, keeping: "kept" }, undefined, 1])
})

it("[UI-34] whoever may not write the policy keeps nothing on the hub", () => {
  const { keeper, waitsMs } = world()
  keeper.write("mine", null, 7, false)
  expect([keeper.own().keeping, waitsMs()]).toEqual(["here", undefined])
})
