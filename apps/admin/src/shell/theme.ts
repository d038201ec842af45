/** The look of the pages. Contrasts are those of WCAG AA in light and dark; axe says so in the tests. */
import { Alert, createTheme } from "@mantine/core"

export const theme = createTheme({
  primaryColor: "cyan",
  primaryShade: 9,
  defaultRadius: "md",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  cursorType: "pointer",
  respectReducedMotion: true,
  // A title in the colour of its ground is too faint.
  components: { Alert: Alert.extend({ styles: { title: { color: "var(--mantine-color-text)" } } }) }
})
