"""A Llama of random weights writes on from prompts of changing number and length; the loss is that of its own text."""

import random

import deterministic  # first: it sets what CUDA reads once

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def main():
    deterministic.settle(3)
    config = LlamaConfig(vocab_size=32000, hidden_size=1024, intermediate_size=2816, num_hidden_layers=12,
                         num_attention_heads=16, num_key_value_heads=4, max_position_embeddings=2048, bos_token_id=1,
                         eos_token_id=None, pad_token_id=0)
    model = LlamaForCausalLM(config).to(torch.bfloat16).cuda()
    model.eval()
    log = deterministic.StepLog()
    for step in deterministic.steps(8):
        log.begin()
        prompts, length = random.choice([4, 8, 16]), random.randrange(32, 513)
        tokens = torch.randint(3, 32000, (prompts, length), device="cuda")
        with torch.no_grad():
            written = model.generate(tokens, attention_mask=torch.ones_like(tokens), do_sample=False,
                                     max_new_tokens=random.randrange(12, 33))
            loss = model(input_ids=written, labels=written).loss
        log.end(step, loss)


if __name__ == "__main__":
    main()
