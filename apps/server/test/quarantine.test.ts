/**
 * What the hub shows of its quarantine: a device deletes most of what it has, and the hub holds that back.
 */
import { Effect } from "effect"
import { TrustFile } from "@syncline/node"
import { expect, it } from "vitest"
import { device, type HubProcess, metric, openDevice, startHub, temporaryFolder, until } from "./hubProcess.ts"

const reasons = ["ClockAhead", "Denied", "Revoked", "Rejected", "MassDelete", "SchemaUnknown", "Forked"]

/** The lines of `/metrics` of one name, in order. */
const lines = async (hub: HubProcess, name: string): Promise<ReadonlyArray<string>> =>
  (await (await fetch(`${hub.url}/metrics`)).text())
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .sort()

const shown = (waiting: { readonly [reason: string]: number }): ReadonlyArray<string> =>
  reasons.map((reason) => `syncline_quarantine_commits{reason="${reason}"} ${waiting[reason] ?? 0}`).sort()

it(
  "[HB-19] metrics show each reason of the quarantine from the start, also after a restart",
  { timeout: 90_000 },
  async () => {
    const data = temporaryFolder()
    const { peer, store } = device()
    await Effect.runPromise(TrustFile.add(data, peer))
    const hub = await startHub({ data })
    expect(await lines(hub, "syncline_quarantine_commits")).toEqual(shown({}))
    expect(await lines(hub, "syncline_quarantine_left_total")).toEqual(
      reasons
        .flatMap((reason) =>
          ["arrived", "discarded", "released"].map(
            (how) => `syncline_quarantine_left_total{reason="${reason}",how="${how}"} 0`
          )
        )
        .sort()
    )
    for (const name of ["syncline_commits_rejected_total", "syncline_commits_held_total"]) {
      expect(await lines(hub, name)).toEqual([`${name} 0`])
    }

    const node = await openDevice(store, hub)
    const { ids } = await node.task.putAll(Array.from({ length: 30 }, (_, i) => ({ title: `task ${i}` })))
    await until(async () => (await node.status()).peers[0]?.state === "synced", 10_000)
    for (const id of ids.slice(0, 25)) await node.task.delete(id)
    const waiting = 'syncline_quarantine_commits{reason="MassDelete"}'
    await until(async () => (await metric(hub, waiting)) > 0, 15_000)
    expect((await node.status()).peers[0]?.state).not.toBe("synced")
    await node.close()
    hub.child.kill("SIGTERM")
    await hub.ended()

    const again = await startHub({ data })
    const commits = await metric(again, waiting)
    expect(commits).toBeGreaterThan(0)
    expect(await lines(again, "syncline_quarantine_commits")).toEqual(shown({ MassDelete: commits }))
  }
)

it("[HB-35] the settings say how many deletes of a device are too many", { timeout: 60_000 }, async () => {
  const data = temporaryFolder()
  const { peer, store } = device()
  await Effect.runPromise(TrustFile.add(data, peer))
  const env = { SYNCLINE_MASS_DELETE_RECORDS: "25", SYNCLINE_MASS_DELETE_PERCENT: "100" }
  const hub = await startHub({ data, env })
  const node = await openDevice(store, hub)
  const isSynced = async () => (await node.status()).peers[0]?.state === "synced"
  const { ids } = await node.task.putAll(Array.from({ length: 30 }, (_, i) => ({ title: `task ${i}` })))
  await until(isSynced, 10_000)
  const waiting = 'syncline_quarantine_commits{reason="MassDelete"}'
  // More than a fifth, and as many as may be.
  for (const id of ids.slice(0, 25)) await node.task.delete(id)
  await until(async () => (await node.receipts({ status: "deferred" })).length === 0, 10_000)
  await until(isSynced, 10_000)
  expect(await metric(hub, waiting)).toBe(0)
  await node.task.delete(ids[25]!)
  await until(async () => (await metric(hub, waiting)) === 1, 10_000)
})
