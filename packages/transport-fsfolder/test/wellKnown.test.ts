// Where cloud programs keep their folders, on machines of the test's making.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { configBytesMax, foldersMax, nodeView, type SystemView, wellKnownFolders } from "../src/WellKnownFolders.ts"
import { temporaryFolder } from "./folders.ts"

interface Machine {
  readonly platform: string
  readonly home: string
  readonly env?: SystemView["env"]
  readonly folders: ReadonlyArray<string>
  readonly files?: Readonly<Record<string, string>>
}

const viewOf = ({ env = {}, files = {}, folders, home, platform }: Machine): SystemView => {
  const separator = platform === "win32" ? "\\" : "/"
  return {
    platform,
    home,
    env,
    isFolder: (path) => folders.includes(path),
    namesIn: (path) =>
      folders
        .filter((folder) => folder.startsWith(`${path}${separator}`))
        .map((folder) => folder.slice(path.length + 1).split(separator)[0]!)
        .filter((name, index, all) => all.indexOf(name) === index),
    read: (path) => files[path]
  }
}

const found = (machine: Machine): ReadonlyArray<string> =>
  wellKnownFolders(viewOf(machine)).map(({ name, path, provider }) => `${provider}: ${name}: ${path}`)

it("[FF-18] on macOS", () => {
  const home = "/Users/eva"
  const storage = `${home}/Library/CloudStorage`
  expect(
    found({
      platform: "darwin",
      home,
      folders: [
        `${home}/Library/Mobile Documents/com~apple~CloudDocs`,
        `${storage}/Dropbox`,
        `${storage}/OneDrive-Personal`,
        `${storage}/OneDrive-Contoso`,
        `${storage}/GoogleDrive-eva@example.com`,
        `${storage}/GoogleDrive-eva@example.com/My Drive`,
        `${storage}/DropboxSomething`,
        `${home}/Dropbox`,
        `${home}/Documents/Shared`
      ],
      files: {
        [`${home}/Library/Application Support/Syncthing/config.xml`]: `<configuration>
          <folder id="abc" label="Shared &amp; ours" path="${home}/Documents/Shared/" type="sendreceive" rescanIntervalS="60">
          </folder><folder id="gone" label="" path="~/Gone" type="sendreceive"/></configuration>`
      }
    })
  ).toEqual([
    `icloud: iCloud Drive: ${home}/Library/Mobile Documents/com~apple~CloudDocs`,
    `dropbox: Dropbox: ${storage}/Dropbox`,
    `dropbox: Dropbox: ${home}/Dropbox`,
    `onedrive: OneDrive (Personal): ${storage}/OneDrive-Personal`,
    `onedrive: OneDrive (Contoso): ${storage}/OneDrive-Contoso`,
    `google-drive: Google Drive (eva@example.com): ${storage}/GoogleDrive-eva@example.com/My Drive`,
    `syncthing: Syncthing (Shared & ours): ${home}/Documents/Shared`
  ])
})

it("[FF-18] on Windows", () => {
  const home = "C:\\Users\\Eva"
  const roaming = `${home}\\AppData\\Roaming`
  const local = `${home}\\AppData\\Local`
  expect(
    found({
      platform: "win32",
      home,
      env: {
        APPDATA: roaming,
        LOCALAPPDATA: local,
        OneDrive: `${home}\\OneDrive`,
        OneDriveConsumer: `${home}\\onedrive`,
        OneDriveCommercial: `${home}\\OneDrive - Contoso`
      },
      folders: [
        `${home}\\iCloudDrive`,
        "D:\\Dropbox",
        "D:\\Work Dropbox",
        `${home}\\OneDrive`,
        `${home}\\onedrive`,
        `${home}\\OneDrive - Contoso`,
        "G:\\My Drive",
        "D:\\Shared",
        "D:\\Received"
      ],
      files: {
        [`${local}\\Dropbox\\info.json`]: JSON.stringify({
          personal: { path: "D:\\Dropbox", host: 1 },
          business: { path: "D:\\Work Dropbox" },
          broken: { path: 7 },
          relative: { path: "Dropbox" },
          empty: null
        }),
        [`${local}\\Syncthing\\config.xml`]: `<folder id="abc" label="" path="D:\\Shared" type="sendreceive">
          <folder id="r" label="Only received" path="D:\\Received" type="receiveonly">`
      }
    })
  ).toEqual([
    `icloud: iCloud Drive: ${home}\\iCloudDrive`,
    "dropbox: Dropbox (personal): D:\\Dropbox",
    "dropbox: Dropbox (business): D:\\Work Dropbox",
    `onedrive: OneDrive (personal): ${home}\\onedrive`,
    `onedrive: OneDrive (work or school): ${home}\\OneDrive - Contoso`,
    "google-drive: Google Drive (G:): G:\\My Drive",
    "syncthing: Syncthing (abc): D:\\Shared"
  ])
})

it("[FF-18] on Linux", () => {
  const home = "/home/eva"
  const shared = (state: string) => ({
    platform: "linux",
    home,
    env: { XDG_STATE_HOME: "/var/eva" },
    folders: [`${home}/Sync`, `${home}/Dropbox (Private)`, `${home}/OneDrive`, `${home}/iCloudDrive`, "/srv/nas"],
    files: {
      [`${home}/.dropbox/info.json`]: JSON.stringify({ personal: { path: `${home}/Dropbox (Private)` } }),
      [state]: `<folder id="nas" label="NAS" path="/srv/nas"><folder id="s" path="~/Sync" type="readwrite">`
    }
  })
  for (const state of ["/var/eva/syncthing/config.xml", `${home}/.config/syncthing/config.xml`]) {
    expect(found(shared(state))).toEqual([
      `dropbox: Dropbox: ${home}/Dropbox (Private)`,
      `onedrive: OneDrive: ${home}/OneDrive`,
      "syncthing: Syncthing (NAS): /srv/nas",
      `syncthing: Syncthing (s): ${home}/Sync`
    ])
  }
})

it("[FF-18] what is not there, cannot be read or is no folder is not offered", () => {
  const home = "/home/eva"
  for (const platform of ["darwin", "linux", "win32", "freebsd"]) {
    expect(found({ platform, home, folders: [] })).toEqual([])
    for (const text of ["", "null", "[]", "{", '{"personal":[]}', '{"personal":{"path":"../up"}}', "<folder path=>"]) {
      const files = { [`${home}/.dropbox/info.json`]: text, [`${home}/.config/syncthing/config.xml`]: text }
      expect(found({ platform, home, folders: ["../up", "/home/eva/up"], files })).toEqual([])
    }
  }
  const torn: SystemView = {
    ...viewOf({ platform: "linux", home, folders: [] }),
    isFolder: () => {
      throw new Error("EACCES")
    }
  }
  expect(wellKnownFolders(torn)).toEqual([])
})

it("[FF-18] no more are given than the bound", () => {
  const folders = Array.from({ length: foldersMax + 50 }, (_, i) => `/srv/${i}`)
  const text = folders.map((path, i) => `<folder id="${i}" path="${path}" type="sendreceive">`).join("\n")
  const files = { "/home/eva/.config/syncthing/config.xml": text }
  expect(found({ platform: "linux", home: "/home/eva", folders, files })).toHaveLength(foldersMax)
})

it.live("[FF-18] on this machine, as its file system has it", () =>
  Effect.gen(function* () {
    const home = yield* temporaryFolder
    const view = nodeView({ platform: "linux", home, env: {} })
    expect(wellKnownFolders(view)).toEqual([])
    mkdirSync(join(home, "Dropbox", "inner"), { recursive: true })
    mkdirSync(join(home, ".dropbox"))
    writeFileSync(join(home, ".dropbox", "info.json"), JSON.stringify({ personal: { path: join(home, "Dropbox") } }))
    writeFileSync(join(home, "Sync"), "no folder")
    expect(wellKnownFolders(view)).toEqual([{ provider: "dropbox", name: "Dropbox", path: join(home, "Dropbox") }])
    expect(view.namesIn(join(home, "Dropbox"))).toEqual(["inner"])
    expect(view.namesIn(join(home, "nothing"))).toEqual([])
    expect(view.read(join(home, "nothing"))).toBeUndefined()
    expect(view.read(join(home, "Dropbox"))).toBeUndefined()
    writeFileSync(join(home, "large"), new Uint8Array(configBytesMax + 1))
    expect(view.read(join(home, "large"))).toBeUndefined()
  })
)
