// A mailbox in a folder of Dropbox, and which folders of cloud programs this machine has.
import { homedir } from "node:os"
import { folder, nodeView, wellKnownFolders } from "@syncline/transport-fsfolder"

const mailbox = folder({ path: "/home/eva/Dropbox/Syncline", dataFolder: "/home/eva/.local/share/notes" })
export const address = mailbox.address // nothing is touched before it is opened

const machine = nodeView({ platform: process.platform, home: homedir(), env: process.env })
export const choices = wellKnownFolders(machine).map(({ name, path }) => `${name}: ${path}`)
