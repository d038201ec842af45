/** CodeMirror for YAML, in the pages' colours, with marks where something is wrong. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands"
import { yaml } from "@codemirror/lang-yaml"
import { defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from "@codemirror/language"
import { lintGutter, setDiagnostics } from "@codemirror/lint"
import { Compartment, EditorState } from "@codemirror/state"
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view"
import { tags } from "@lezer/highlight"
import { useComputedColorScheme } from "@mantine/core"
import { useEffect, useRef } from "react"
import { placesOf } from "./problemPlaces.ts"

interface Props {
  readonly text: string
  readonly onChange?: (text: string) => void
  readonly problems: ReadonlyArray<string>
}

const darkHighlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "#74c0fc" },
  { tag: [tags.string, tags.content], color: "#b2f2bb" },
  { tag: [tags.comment, tags.lineComment], color: "#adb5bd", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.keyword], color: "#ffc078" },
  { tag: [tags.punctuation, tags.separator], color: "#dee2e6" }
])
const lightHighlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "#1864ab" },
  { tag: [tags.string, tags.content], color: "#2b5d34" },
  { tag: [tags.comment, tags.lineComment], color: "#5c636a", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.keyword], color: "#9c4a00" },
  { tag: [tags.punctuation, tags.separator], color: "#343a40" }
])

const look = (isDark: boolean) => [
  EditorView.theme(
    {
      "&": { fontSize: "14px", border: "1px solid var(--mantine-color-default-border)", borderRadius: "8px" },
      ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", maxHeight: "60vh", minHeight: "320px" },
      ".cm-gutters": { background: "transparent", color: isDark ? "#adb5bd" : "#5c636a" },
      ".cm-activeLine": { background: isDark ? "#ffffff0d" : "#0000000a" },
      ".cm-cursor": { borderLeftColor: isDark ? "#fff" : "#000" }
    },
    { dark: isDark }
  ),
  syntaxHighlighting(isDark ? darkHighlight : lightHighlight),
  syntaxHighlighting(defaultHighlightStyle, { fallback: true })
]

export const Editor = ({ onChange, problems, text }: Props) => {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const colours = useRef(new Compartment())
  const told = useRef(onChange)
  told.current = onChange
  const isDark = useComputedColorScheme("light") === "dark"
  useEffect(() => {
    const made = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          lintGutter(),
          yaml(),
          keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": "The policy's text" }),
          EditorView.updateListener.of(({ docChanged, state }) => docChanged && told.current?.(state.doc.toString())),
          EditorState.readOnly.of(onChange === undefined),
          colours.current.of(look(isDark))
        ]
      })
    })
    // Long lines are scrolled to by the keyboard, too.
    made.scrollDOM.tabIndex = 0
    view.current = made
    return () => made.destroy()
    // Made once; what changes later is told to it below.
  }, [])
  useEffect(() => view.current?.dispatch({ effects: colours.current.reconfigure(look(isDark)) }), [isDark])
  useEffect(() => {
    const { current } = view
    if (current === undefined || current.state.doc.toString() === text) return
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: text } })
  }, [text])
  useEffect(() => {
    const { current } = view
    if (current === undefined) return
    const { doc } = current.state
    const marks = placesOf(doc.toString(), problems).map(({ line, message }) => {
      const { from, to } = doc.line(Math.min(line, doc.lines))
      return { from, to, message, severity: "error" as const }
    })
    current.dispatch(setDiagnostics(current.state, marks))
  }, [problems, text])
  return <div ref={place} data-editor />
}
