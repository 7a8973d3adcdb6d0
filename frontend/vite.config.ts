import { defineConfig } from "vite";

// One script for each page that has one; the server reads manifest.json and writes the addresses into its pages.
export default defineConfig({
  base: "/studio/built/",
  build: {
    outDir: "../src/badapple/studio/static",
    emptyOutDir: true,
    assetsDir: "",
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    target: "es2022",
    rollupOptions: {
      input: {
        frame: "src/frame.ts",
        new: "src/new.tsx",
        run: "src/run.tsx",
        library: "src/library.ts",
        variants: "src/variants.tsx",
        settings: "src/settings.tsx",
      },
    },
  },
});
