/**
 * The hub as a process: what it tells people, how it stops, and how it fails.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { device, failHub, metric, openDevice, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { canMount, mountSmallDisk } from "./smallDisk.ts"

/** Rights do not keep root from writing: its folder has to be on a file system that is read-only. */
const isRoot = process.getuid?.() === 0

const oneSentence = (log: string): string => {
  expect(log).not.toMatch(/\n\s+at /)
  const lines = log
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("{"))
  expect(lines).toHaveLength(1)
  return lines[0]!
}

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe("the hub's process", () => {
  it("[HB-3] tells people what they need, and logs JSON on standard error", async () => {
    const data = join(temporaryFolder(), "my data")
    const hub = await startHub({ data })
    expect(hub.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(hub.peer).toMatch(/^12D3KooW/)
    expect(hub.out()).toContain(data)
    expect(hub.out()).toContain(`npm run -s syncline -- init --data ./device --hub ${hub.url}\n`)
    expect(hub.out()).toContain(`npm run -s syncline -- trust <device id> --data '${data}'\n`)
    hub.child.kill("SIGTERM")
    expect((await hub.ended()).code).toBe(0)
    expect(hub.out()).toContain("stopped")
    for (const line of hub.log().trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ level: 30 })
  })

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`[HB-4] stops on ${signal} within two seconds with five clients, also when it comes twice`, async () => {
      const data = temporaryFolder()
      const devices = [device(), device(), device(), device(), device()]
      for (const { peer } of devices) await Effect.runPromise(TrustFile.add(data, peer))
      const hub = await startHub({ data })
      const nodes = await Promise.all(devices.map(({ store }) => openDevice(store, hub)))
      for (const node of nodes) await until(async () => (await node.status()).peers[0]?.state === "synced", 8_000)
      const idle = await fetch(`${hub.url}/healthz`)
      hub.child.kill(signal)
      setTimeout(() => hub.child.kill(signal), 5)
      const { code, ms } = await hub.ended()
      expect(idle.status).toBe(200)
      expect(code).toBe(0)
      expect(ms).toBeLessThan(2_000)
      expect(hub.log()).not.toContain("not everything ended")
    })
  }

  it("[HB-5] a port in use is named with the variable to change", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    onTestFinished(() => void other.close())
    await new Promise((resolve) => other.once("listening", resolve))
    const port = String((other.address() as AddressInfo).port)
    const { code, log, out } = await failHub({ data: temporaryFolder(), env: { SYNCLINE_PORT: port } })
    expect({ code, out }).toEqual({ code: 1, out: "" })
    expect(oneSentence(log)).toBe(
      `syncline hub: port ${port} on 127.0.0.1 is in use by another program; ` +
        "stop that program, or choose another port with SYNCLINE_PORT"
    )
  })

  it("[HB-5] a host that is not this machine's is named", async () => {
    const { code, log } = await failHub({ data: temporaryFolder(), env: { SYNCLINE_HOST: "192.0.2.1" } })
    expect(code).toBe(1)
    expect(oneSentence(log)).toContain("cannot listen on 192.0.2.1 (EADDRNOTAVAIL); set SYNCLINE_HOST")
  })

  it("[HB-5] a data folder in use is named", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data })
    const { code, log } = await failHub({ data })
    expect(code).toBe(1)
    expect(oneSentence(log)).toBe(
      `syncline hub: another process uses ${data}; stop it or choose another data folder (SYNCLINE_DATA names it)`
    )
    expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
  })

  it("[HB-5] a data folder of another space is named", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data })
    hub.child.kill("SIGTERM")
    await hub.ended()
    const { code, log } = await failHub({ data, env: { SYNCLINE_SPACE: "acme" } })
    expect(code).toBe(1)
    expect(oneSentence(log)).toMatch(/it holds the space \w+, not \w+ \(SYNCLINE_DATA names the folder, SYNCLINE_SPACE/)
  })

  it.skipIf(isRoot ? !canMount : process.platform === "win32")(
    "[HB-5] a data folder that cannot be written is named",
    async () => {
      const parent = isRoot ? mountSmallDisk(1, ",ro") : temporaryFolder()
      if (!isRoot) chmodSync(parent, 0o555)
      const { code, log } = await failHub({ data: join(parent, "data") })
      if (!isRoot) chmodSync(parent, 0o755)
      expect(code).toBe(1)
      expect(oneSentence(log)).toMatch(/cannot be (written|read or made)/)
      expect(log).toContain(parent)
    }
  )

  it.skipIf(!canMount)("[HB-5] a full disk is named", async () => {
    const disk = mountSmallDisk(1)
    writeFileSync(join(disk, "fill"), Buffer.alloc(984 * 1024))
    const { code, log } = await failHub({ data: disk })
    expect(code).toBe(1)
    expect(oneSentence(log)).toContain(`the disk is full: ${disk} cannot grow`)
  })

  it("[HB-5] a damaged journal is named and left as it is", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data })
    hub.child.kill("SIGTERM")
    await hub.ended()
    for (const file of ["journal.db-wal", "journal.db-shm"]) rmSync(join(data, file), { force: true })
    writeFileSync(join(data, "journal.db"), "no database at all ".repeat(1000))
    const { code, log } = await failHub({ data })
    expect(code).toBe(1)
    expect(oneSentence(log)).toContain("is damaged")
    expect(existsSync(join(data, "journal.db"))).toBe(true)
  })

  it("[HB-5] a malformed trust file is named with its line", async () => {
    const data = temporaryFolder()
    mkdirSync(data, { recursive: true })
    writeFileSync(TrustFile.trustFile(data), "# devices\nbob\n")
    const { code, log } = await failHub({ data })
    expect(code).toBe(1)
    expect(oneSentence(log)).toContain(`line 2: "bob" is no peer id`)
  })

  it("[HB-6] after kill -9 everything acknowledged is there", async () => {
    const data = temporaryFolder()
    const [writer, reader] = [device(), device()]
    for (const { peer } of [writer, reader]) await Effect.runPromise(TrustFile.add(data, peer))
    const before = await startHub({ data })
    const a = await openDevice(writer.store, before)
    await a.task.putAll(Array.from({ length: 500 }, (_, i) => ({ title: `task ${i}` })))
    await until(async () => (await metric(before, "syncline_events_applied_total")) === 500, 10_000)
    const hash = await a.hash()
    before.child.kill("SIGKILL")
    await before.ended()
    await a.close()
    const after = await startHub({ data })
    expect(after.peer).toBe(before.peer)
    const b = await openDevice(reader.store, after)
    await until(async () => (await b.hash()).hash === hash.hash, 10_000)
    expect((await b.hash()).count).toBe(500)
  })
})
