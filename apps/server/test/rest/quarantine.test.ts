/** The quarantine and the receipts over REST, as members of a team are told of them and decide. */
import { DeleteWatch, type Journal } from "@syncline/core"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { type RecordsWorld, recordsWorld, writtenElsewhere } from "./recordsWorld.ts"

const north = { team: "north" }
const south = { team: "south" }

/** Another device's commits wait here, one in each header. */
const waiting = async (world: RecordsWorld, ...headers: ReadonlyArray<object>) => {
  const { bytes, commits, incarnation, peer } = await writtenElsewhere(headers as never)
  const why = { reason: "Denied", rule: "test", policyVersion: 1, because: "not yet" } as const
  const batch: Journal.RemoteBatch = {
    peer,
    incarnation,
    isCustodian: false,
    feed: undefined,
    commits: bytes,
    denials: bytes.map((_, index) => ({ ...why, index })),
    aheadMsMax: 60_000,
    deleteLimits: DeleteWatch.defaultDeleteLimits
  }
  await Effect.runPromise(world.journal.receive(batch))
  return commits
}

const told = ({ body }: { readonly body: { readonly [key: string]: unknown } }) =>
  (body["items"] as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id)

it("[HE-6] what waits is told to who may read where it lies, and shown with what it would do", async () => {
  const world = await recordsWorld()
  const [ours, theirs, open] = (await waiting(world, north, south, {})) as [string, string, string]
  const { as } = world
  const all = await as("owner")("GET", "/quarantine")
  expect(told(all)).toEqual([ours, theirs, open])
  expect(all.body).toMatchObject({ counts: { Denied: 3, MassDelete: 0 }, next: null })
  expect(all.body["items"]).toMatchObject([
    { reason: "Denied", rule: "test", type: "task", because: "not yet" },
    {},
    {}
  ])
  const mias = await as("mia")("GET", "/quarantine")
  expect([told(mias), mias.body["counts"]]).toEqual([[ours, open], null])
  const first = await as("mia")("GET", "/quarantine?limit=1")
  expect(told(first)).toEqual([ours])
  expect(told(await as("mia")("GET", `/quarantine?limit=1&after=${String(first.body["next"])}`))).toEqual([open])
  expect(told(await as("mia")("GET", "/quarantine?reason=MassDelete"))).toEqual([])
  const exported = await as("mia")("GET", "/quarantine/export?reason=Denied")
  const lines = String(exported.body["text"]).trim().split("\n")
  expect(lines.map((line) => (JSON.parse(line) as { readonly id: string }).id)).toEqual([ours, open])
  const shown = await as("mia")("GET", `/quarantine/${ours}`)
  expect(shown.body).toMatchObject({
    contents: { partition: { header: north }, entities: [{ id: "q0", changes: [{ field: "title", value: "of 0" }] }] }
  })
  const none = "0".repeat(64)
  const [hidden, absent] = [
    await as("mia")("GET", `/quarantine/${theirs}`),
    await as("mia")("GET", `/quarantine/${none}`)
  ]
  const bytes = ({ body }: typeof hidden, id: string) => JSON.stringify({ ...body, instance: "" }).replace(id, "ID")
  expect([hidden.status, bytes(hidden, theirs)]).toEqual([404, bytes(absent, none)])
  for (const bad of ["?reason=x", "?limit=0", "?after=-1", "?x=1"]) {
    expect((await as("mia")("GET", `/quarantine${bad}`)).status).toBe(400)
  }
})

it("[HE-6] people decide on what their member could have written, and on nothing that it does not see", async () => {
  const world = await recordsWorld()
  const [ours, theirs, open] = (await waiting(world, north, south, {})) as [string, string, string]
  const none = "0".repeat(64)
  const { as } = world
  const decide = async (who: string, what: string, body: object) => {
    const answer = await as(who)("POST", `/quarantine/${what}`, body)
    if (answer.status !== 200) return [answer.status, answer.body["code"]]
    const answers = answer.body["answers"] as ReadonlyArray<{ readonly id: string; readonly outcome: string }>
    return answers.map(({ id, outcome }) => [id, outcome])
  }
  expect(await decide("rob", "discard", { ids: [ours, theirs, none] })).toEqual([
    [ours, "denied"],
    [theirs, "unknown"],
    [none, "unknown"]
  ])
  expect(await decide("mia", "discard", { reason: "Denied" })).toEqual([403, "SelectionTooWide"])
  expect(await decide("viewer", "discard", { ids: [ours] })).toEqual([403, "ScopeMissing"])
  expect(await decide("mia", "discard", { ids: [ours, theirs] })).toEqual([
    [ours, "discarded"],
    [theirs, "unknown"]
  ])
  expect(told(await as("owner")("GET", "/quarantine"))).toEqual([theirs, open])
  expect(world.audited.at(-1)).toMatchObject({
    decision: { rule: "hub/quarantine.discard" },
    detail: expect.stringContaining("1 done, 0 stay")
  })
  // The author is no device of the team, so the policy still says no.
  expect(await decide("mia", "release", { ids: [open] })).toEqual([[open, "denied"]])
  const sum = await as("owner")("POST", "/quarantine/discard", { reason: "Denied" })
  expect(sum.body).toMatchObject({ done: 2, stayed: 0 })
  expect(told(await as("owner")("GET", "/quarantine"))).toEqual([])
  for (const bad of [{}, { ids: [] }, { ids: ["x"] }, { ids: [none], reason: "Denied" }, { ids: [none], peer: "x" }]) {
    expect((await as("owner")("POST", "/quarantine/release", bad)).status).toBe(400)
  }
})

it("[HE-6] what waits comes in once somebody releases it", async () => {
  const world = await recordsWorld({ isTeam: false })
  const [commit] = (await waiting(world, north)) as [string]
  const released = await world.as("mia")("POST", "/quarantine/release", { ids: [commit] })
  expect(released.body).toMatchObject({ done: 1, stayed: 0, answers: [{ id: commit, outcome: "released" }] })
  expect((await world.as("mia")("GET", "/entities/task/q0")).body).toMatchObject({ fields: { title: "of 0" } })
  expect((await world.as("mia")("GET", "/quarantine")).body).toMatchObject({ items: [], counts: { Denied: 0 } })
})

it("[HE-6] receipts tell what became of the hub's own commits, where the caller may read", async () => {
  const { as } = await recordsWorld()
  const made: Array<string> = []
  for (const header of [north, south, {}]) {
    const { body } = await as("door")("POST", "/entities/task", { header, fields: {} })
    made.push((body["commits"] as [string])[0])
  }
  const commits = async (who: string, query = "") => {
    const { body } = await as(who)("GET", `/receipts${query}`)
    return [(body["items"] as ReadonlyArray<{ readonly commit: string }>).map(({ commit }) => commit), body["next"]]
  }
  expect(await commits("owner")).toEqual([made, null])
  expect(await commits("mia")).toEqual([[made[0], made[2]], null])
  expect(await commits("mia", "?limit=1")).toEqual([[made[0]], expect.any(String)])
  expect(await commits("mia", "?status=rejected")).toEqual([[], null])
  expect((await as("mia")("GET", `/receipts/${made[0]}`)).body).toMatchObject({ commit: made[0], status: "deferred" })
  const none = "0".repeat(64)
  const [hidden, absent] = [await as("mia")("GET", `/receipts/${made[1]}`), await as("mia")("GET", `/receipts/${none}`)]
  const bytes = ({ body }: typeof hidden, id: string) => JSON.stringify({ ...body, instance: "" }).replace(id, "ID")
  expect([hidden.status, bytes(hidden, made[1]!)]).toEqual([404, bytes(absent, none)])
  expect((await as("mia")("GET", "/receipts/x")).status).toBe(400)
})
