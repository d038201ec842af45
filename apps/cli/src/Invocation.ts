/**
 * How to call this program once more, for advice that can be copied: by its name where it is installed, and through
 * npm in a checkout of the repository.
 */
import { basename } from "node:path"

const installedName = "syncline"

/** The command line with these arguments. */
export const command = (args: string): string =>
  basename(process.argv[1] ?? "") === installedName
    ? `${installedName} ${args}`
    : `npm run -s ${installedName} -- ${args}`
