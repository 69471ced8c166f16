import { defineConfig } from 'vite';

export default defineConfig({
  logLevel: 'error', // the libraries' modules say 'use client', which a bundler warns about a hundred times
  build: { target: 'es2022', chunkSizeWarningLimit: Infinity, sourcemap: false },
  define: { 'process.env.NODE_ENV': '"production"' },
});
