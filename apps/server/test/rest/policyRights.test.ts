/** What policies' reviews tell of records to whoever may not read them. */
import { expect, it } from "vitest"
import { openLiveHub, type Person } from "../live/liveHub.ts"
import { peerOf } from "./teamWorld.ts"

const bare = ({ body, status }: Awaited<ReturnType<Person["ask"]>>) => ({ status, body: { ...body, instance: "" } })

it("[HE-12] a review of policies tells of no record that its reader may not read", async () => {
  const hub = await openLiveHub({ policy: "enterprise" })
  const owner = await hub.owner()
  for (const team of ["north", "south"]) await owner.ask("PUT", `/teams/${team}`, { name: team })
  const device = { peer: peerOf(7), name: "phone" }
  await owner.ask("POST", "/members", { id: "rob", name: "Rob", role: "member", teams: ["north"], device })
  await owner.ask("POST", "/members", { id: "adam", name: "Adam", role: "admin", teams: [] })
  const rob = await hub.join(owner, "rob", "viewer", "rob")
  const adam = await hub.join(owner, "adam", "viewer", "adam")
  const nobody = await hub.join(owner, "nobody", "viewer")
  const put = (id: string, team: string) =>
    owner.ask("PUT", `/entities/task/${id}`, { header: { team }, fields: { title: id } })
  expect((await put("seen", "north")).status).toBe(200)
  for (const id of ["hidden", "more"]) expect((await put(id, "south")).status).toBe(200)
  const explain = (who: Person, id: string) =>
    who.ask("POST", "/policy/explain", { asker: "rob", action: "read", type: "task", id })
  expect((await explain(rob, "seen")).body).toMatchObject({ decision: { allowed: true } })
  const hidden = bare(await explain(rob, "hidden"))
  expect(hidden).toMatchObject({ status: 404, body: { code: "RecordUnknown" } })
  expect(JSON.stringify(hidden).replaceAll("hidden", "absent")).toBe(JSON.stringify(bare(await explain(rob, "absent"))))
  expect((await explain(adam, "hidden")).body).toMatchObject({ decision: { allowed: false } })
  const counted = async (who: Person) => {
    const { reach } = (await who.ask("POST", "/policy/simulate", {})).body as unknown as {
      readonly reach: ReadonlyArray<{ readonly action: string; readonly records: number }>
    }
    return reach.filter(({ action }) => action === "read").map(({ records }) => records)
  }
  expect(await counted(rob)).toEqual([1, 1])
  expect(await counted(adam)).toEqual([3, 1])
  const text =
    "version: 1\ntypes: { task: { header: { team: text } } }\nrules: [{ id: all, effect: allow, actions: [read], types: all }]\n"
  const turned = async (who: Person) => (await who.ask("POST", "/policy/diff", { text })).text
  expect(await turned(adam)).toContain("south")
  expect(await turned(rob)).not.toContain("south")
  expect((await explain(nobody, "hidden")).body).toMatchObject({ code: "AccountUnlinked" })
  expect((await nobody.ask("POST", "/policy/simulate", {})).body).toMatchObject({ code: "AccountUnlinked" })
  const ofType = { asker: "rob", action: "read", type: "task", header: { team: "south" } }
  expect((await nobody.ask("POST", "/policy/explain", ofType)).status).toBe(200)
})
