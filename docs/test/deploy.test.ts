/** What lies in `deploy`: it names settings that there are, and the image's program runs. */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const textOf = (name: string): string => readFileSync(join(root, "deploy", name), "utf8")

it("[HO-4] files of deploy name settings that there are", () => {
  const spec = readFileSync(join(root, "apps/server/SPEC.md"), "utf8")
  const named = readdirSync(join(root, "deploy")).flatMap((name) => textOf(name).match(/SYNCLINE_[A-Z_]+/g) ?? [])
  expect(named.length).toBeGreaterThan(8)
  for (const setting of named) expect(spec).toContain(`\`${setting}\``)
})

it("[HO-4] the image's user may write in each folder that a volume is mounted at", () => {
  const image = textOf("Containerfile")
  const [, owned = ""] = /^RUN mkdir (.+) && chown node:node \1$/m.exec(image) ?? []
  const [, hub = ""] = /^ {2}hub:\n((?: {4}.*\n)+)/m.exec(textOf("compose.yaml")) ?? []
  const mounted = [...hub.matchAll(/"\w+:(\/\w+)"/g)].map(([, folder]) => folder)
  expect(mounted).toEqual(["/data", "/backups"])
  expect(owned.split(" ")).toEqual(expect.arrayContaining(mounted))
})

it("[HO-4] the proxy lets bodies of each size through that the hub takes", () => {
  const proxy = textOf("nginx.conf")
  expect(/^ *client_max_body_size 0;$/m.test(proxy)).toBe(true)
  for (const [, variable] of proxy.matchAll(/\$(connection_\w+);/g))
    expect(proxy).toContain(`map $http_upgrade $${variable}`)
})

it("[HO-4] the image's program comes up with the image's settings, and its health check says so", async () => {
  const image = textOf("Containerfile")
  const env = Object.fromEntries([...image.matchAll(/^ENV (\w+)=(.+)$/gm)].map(([, name, value]) => [name!, value!]))
  const [program, ...args] = JSON.parse(/^CMD (.+)$/m.exec(image)![1]!) as ReadonlyArray<string>
  const [checker, ...checks] = JSON.parse(/HEALTHCHECK .*CMD (.+)$/m.exec(image)![1]!) as ReadonlyArray<string>
  expect([program, checker, image.includes(`EXPOSE ${env["SYNCLINE_PORT"]}`)]).toEqual(["node", "node", true])
  const data = mkdtempSync(join(tmpdir(), "syncline-image-"))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  // On this machine alone, on a port and in a folder that are free.
  const settings = { ...process.env, ...env, SYNCLINE_HOST: "127.0.0.1", SYNCLINE_PORT: "0", SYNCLINE_DATA: data }
  const hub = spawn(process.execPath, args, { cwd: root, env: settings, stdio: ["ignore", "pipe", "ignore"] })
  onTestFinished(() => void hub.kill("SIGKILL"))
  const address = await new Promise<string>((resolve) => {
    let text = ""
    hub.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const found = /address +(\S+)/.exec(text)
      if (found !== null) resolve(found[1]!)
    })
  })
  const check = (port: string) =>
    new Promise<number | null>((resolve) => {
      const checking = spawn(process.execPath, checks, { cwd: root, env: { ...process.env, SYNCLINE_PORT: port } })
      checking.on("close", resolve)
    })
  expect(await check(new URL(address).port)).toBe(0)
  hub.kill("SIGTERM")
  await new Promise((resolve) => hub.on("close", resolve))
  expect(await check(new URL(address).port)).toBe(1)
})
