import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import * as Checkout from "../src/against/Checkout.ts"
import * as Turns from "../src/against/Turns.ts"
import { judge } from "../src/against/Verdict.ts"

const folders: Array<string> = []

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-against-test-"))
  folders.push(path)
  return path
}

afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true })
})

const put = (root: string, path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const pairs = (...ratios: ReadonlyArray<number>) => ratios.map((ratio) => ({ old: 1_000, new: 1_000 * ratio }))

describe("verdicts", () => {
  const standing = (...ratios: ReadonlyArray<number>) => judge("a", "records/s", pairs(...ratios)).standing

  it("have medians and the spread of the ratios", () => {
    const all = [
      { old: 100, new: 110 },
      { old: 200, new: 180 },
      { old: 100, new: 100 }
    ]
    const verdict = judge("a", "records/s", all)
    expect(verdict).toMatchObject({ old: 100, new: 110, ratio: 1, ratioMin: 0.9, ratioMax: 1.1, standing: "fine" })
  })

  it("say worse only when the rounds agree often enough", () => {
    expect(standing(0.9, 0.9, 0.9, 0.9, 0.9)).toBe("worse")
    expect(standing(0.9, 0.9, 0.9, 0.9, 1)).toBe("perhaps worse")
    expect(standing(0.9, 0.9, 0.9)).toBe("perhaps worse")
    expect(standing(0.9, 1, 0.9, 0.9, 0.9, 0.9, 0.9, 1, 0.9, 0.9)).toBe("worse")
    expect(standing(0.96, 0.96, 0.96, 0.96, 0.96)).toBe("fine")
    expect(standing(0.5, 1, 1, 1, 0.5)).toBe("fine")
  })

  it("leave times and bytes to the reader", () => {
    expect(judge("a", "ms", pairs(0.5, 0.5, 0.5, 0.5, 0.5)).standing).toBe("not judged")
    expect(judge("a", "B", pairs(2, 2, 2, 2, 2)).standing).toBe("not judged")
  })
})

/** A checkout whose benchmarks report the throughput that `speeds` lists, one for each turn, and who had a turn. */
const fakeCheckout = (name: string, log: string, speeds: ReadonlyArray<number>): string => {
  const root = folder()
  const figure = { figure: "speed", unit: "records/s" }
  const source = `
    import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
    appendFileSync(${JSON.stringify(log)}, ${JSON.stringify(`${name} `)})
    const turns = readFileSync(${JSON.stringify(log)}, "utf8").split(${JSON.stringify(name)}).length - 2
    const out = process.argv[process.argv.indexOf("--out") + 1]
    const median = ${JSON.stringify(speeds)}[turns]
    writeFileSync(out, JSON.stringify({ figures: [{ ...${JSON.stringify(figure)}, median }] }))
    if (process.argv.includes("--fail")) process.exit(3)
  `
  put(root, "bench/src/main.ts", source)
  return root
}

describe("turns", () => {
  const take = (olds: ReadonlyArray<number>, news: ReadonlyArray<number>, args: ReadonlyArray<string> = []) => {
    const log = join(folder(), "log")
    const roots = { old: fakeCheckout("old", log, olds), new: fakeCheckout("new", log, news) }
    const taken = Turns.take({
      roots,
      folder: folder(),
      args,
      rounds: 3,
      note: () => undefined,
      signal: new AbortController().signal
    })
    return taken.then((verdicts) => ({ verdicts, order: readFileSync(log, "utf8").trim() }))
  }

  it("alternate, and the side that begins alternates too", async () => {
    const { order, verdicts } = await take([100, 100, 100], [99, 101, 100])
    expect(order).toBe("old new new old old new")
    expect(verdicts).toMatchObject([{ figure: "speed", ratio: 1, standing: "fine" }])
  })

  it("are doubled when a figure seems worse, which may clear or confirm it", async () => {
    const olds = [100, 100, 100, 100, 100, 100]
    expect((await take(olds, [90, 90, 100, 100, 100, 100])).verdicts).toMatchObject([{ standing: "fine" }])
    expect((await take(olds, [90, 90, 90, 90, 90, 90])).verdicts).toMatchObject([{ standing: "worse" }])
  })

  it("fail when a side fails", async () => {
    await expect(take([1, 1, 1], [1, 1, 1], ["--fail"])).rejects.toThrow("the old side ended with code 3")
  })
})

describe("a checkout", () => {
  const git = (root: string, ...args: ReadonlyArray<string>): string => {
    const who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    return execFileSync("git", ["-C", root, ...who, ...args], { encoding: "utf8", timeout: 30_000 })
  }

  it("has the old engine, the new benchmarks, and is gone afterwards", async () => {
    const root = folder()
    put(root, "package.json", JSON.stringify({ name: "small", private: true }))
    put(root, "pnpm-workspace.yaml", "packages: []\n")
    put(root, "pnpm-lock.yaml", "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n")
    put(root, "engine.ts", "old")
    put(root, "bench/src/gone.ts", "old")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--no-gpg-sign", "--message", "old")
    const commit = git(root, "rev-parse", "HEAD").trim()
    put(root, "engine.ts", "new")
    put(root, "bench/src/main.ts", "new")
    rmSync(join(root, "bench/src/gone.ts"))

    const old = await Checkout.open(root, commit.slice(0, 10))
    expect(old.commit).toBe(commit)
    expect(readFileSync(join(old.root, "engine.ts"), "utf8")).toBe("old")
    expect(readFileSync(join(old.root, "bench/src/main.ts"), "utf8")).toBe("new")
    expect(existsSync(join(old.root, "bench/src/gone.ts"))).toBe(false)
    await old.close()
    expect(existsSync(old.root)).toBe(false)
    expect(git(root, "worktree", "list").trim().split("\n")).toHaveLength(1)
    await expect(Checkout.open(root, "no-such-ref")).rejects.toThrow("no-such-ref")
  })
})
