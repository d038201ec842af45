/** What a hub says about how it runs, at a terminal. */
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { run, startHub, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
afterAll(() => folder.remove())

it("[CL-194] the doctor's checks are printed, ending with 1 where one is bad, and a file for whoever helps", async () => {
  const data = join(folder.path, "well")
  const nobody = await run(["doctor", "--data", data])
  expect([nobody.code, nobody.err]).toEqual([3, expect.stringContaining("No hub answers this")])
  const hub = await startHub(data)
  const well = await run(["doctor", "--data", data])
  expect([well.code, well.err]).toEqual([0, ""])
  expect(well.out).toMatch(/^ok {4}store: the journal answers/m)
  expect(well.out).toMatch(/^look {2}backups: no backups are made\n {6}set SYNCLINE_BACKUP_FOLDER/m)
  const collected = await run(["diagnostics", "--data", data])
  expect(JSON.parse(collected.out)).toMatchObject({ format: "syncline-diagnostics/1", doctor: { state: "warning" } })
  await hub.stop()

  const ill = join(folder.path, "ill")
  const other = await startHub(ill, { SYNCLINE_TRUSTED_PROXIES: "0.0.0.0/0" })
  const bad = await run(["doctor", "--data", ill])
  expect([bad.code, bad.err]).toEqual([1, expect.stringContaining("The hub needs somebody: reach.")])
  expect(bad.out).toMatch(/^BAD {3}reach: /m)
  expect(JSON.parse((await run(["doctor", "--json", "--data", ill])).out)).toMatchObject({ state: "bad" })
  await other.stop()
})
