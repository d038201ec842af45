/**
 * Takes the power over a terminal from text that other devices wrote: control characters and those that turn the
 * direction of writing are shown as `\u{…}`. JSON needs none of this.
 */

const dangerous = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu
const dangerousButNewline = /(?!\n)[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu

/** For a part of a line, such as a name: not even a new line begins in it. */
export const part = (text: string): string => text.replace(dangerous, escaped)

/** For a whole text, whose lines stay. */
export const lines = (text: string): string => text.replace(dangerousButNewline, escaped)

const escaped = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`
